// Direct methods with Microsoft's device SDK: CONNECTION-STRING CA-FILE.
//
// Answers "reboot" with status 202 and what it was called with, and ends once
// "stop" has been answered.
'use strict';

const fs = require('node:fs');
const { Client } = require('azure-iot-device');
const { Mqtt } = require('azure-iot-device-mqtt');

async function session(connectionString, caFile) {
  const client = Client.fromConnectionString(connectionString, Mqtt);
  await client.setOptions({ ca: fs.readFileSync(caFile, 'utf8') });
  await client.open();
  client.onDeviceMethod('reboot', (request, response) => {
    response.send(202, { called: request.methodName, with: request.payload }, (err) => {
      if (err) {
        console.error(err);
        process.exitCode = 1;
      }
    });
  });
  await new Promise((resolve, reject) => {
    client.onDeviceMethod('stop', (request, response) => {
      response.send(200, (err) => (err ? reject(err) : resolve()));
    });
  });
  await client.close();
}

session(process.argv[2], process.argv[3]).catch((err) => {
  console.error(err);
  process.exitCode = 1;
});
