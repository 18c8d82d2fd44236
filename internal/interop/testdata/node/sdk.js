// One session of Microsoft's device SDK: CONNECTION-STRING CA-FILE Mqtt|MqttWs.
//
// Sends one message with properties, prints "subscribed", prints the first
// cloud-to-device message as one line of JSON once it is completed, and ends.
'use strict';

const fs = require('node:fs');
const { Client, Message } = require('azure-iot-device');
const transports = require('azure-iot-device-mqtt');

async function session(connectionString, caFile, transport) {
  const client = Client.fromConnectionString(connectionString, transports[transport]);
  await client.setOptions({ ca: fs.readFileSync(caFile, 'utf8') });
  await client.open();

  const message = new Message(JSON.stringify({ temperature: 21.5 }));
  message.messageId = 'message-1';
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  message.properties.add('level', 'high & rising');
  message.properties.add('größe', '1/2');
  await client.sendEvent(message);

  const received = await new Promise((resolve, reject) => {
    client.on('error', reject);
    client.on('disconnect', () => reject(new Error('disconnected')));
    client.on('message', resolve);
    // The SDK subscribes when the first listener is added, and does not say
    // when that is done. Whatever is sent before waits in the hub.
    console.log('subscribed');
  });
  await client.complete(received);
  const properties = {};
  for (const { key, value } of received.properties.propertyList) {
    properties[key] = value;
  }
  console.log(JSON.stringify({ id: received.messageId, body: received.data.toString(), properties }));
  client.removeAllListeners('disconnect');
  await client.close();
}

session(...process.argv.slice(2)).catch((err) => {
  console.error(err);
  process.exitCode = 1;
});
