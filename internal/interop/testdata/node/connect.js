// One message with Microsoft's device SDK, by certificate:
// CONNECTION-STRING CA-FILE CERTIFICATE-FILE KEY-FILE TEXT.
'use strict';

const fs = require('node:fs');
const { Client, Message } = require('azure-iot-device');
const { Mqtt } = require('azure-iot-device-mqtt');

const read = (file) => fs.readFileSync(file, 'utf8');

async function session(connectionString, caFile, certFile, keyFile, text) {
  const client = Client.fromConnectionString(connectionString, Mqtt);
  await client.setOptions({ ca: read(caFile), cert: read(certFile), key: read(keyFile) });
  await client.open();
  await client.sendEvent(new Message(text));
  await client.close();
}

session(...process.argv.slice(2)).catch((err) => {
  console.error(err.name, err.message);
  process.exitCode = 1;
});
