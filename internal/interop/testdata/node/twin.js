// The device twin with Microsoft's device SDK: CONNECTION-STRING CA-FILE.
//
// Prints one line of JSON for each step: the twin as first read, "reported"
// when the hub has taken reported properties, and the first change of desired
// properties. Then it ends.
'use strict';

const fs = require('node:fs');
const { promisify } = require('node:util');
const { Client } = require('azure-iot-device');
const { Mqtt } = require('azure-iot-device-mqtt');

const say = (step, value) => console.log(JSON.stringify({ step, value }));

async function session(connectionString, caFile) {
  const client = Client.fromConnectionString(connectionString, Mqtt);
  await client.setOptions({ ca: fs.readFileSync(caFile, 'utf8') });
  await client.open();
  const twin = await client.getTwin();
  say('read', { desired: twin.properties.desired, reported: twin.properties.reported });

  const change = new Promise((resolve) => {
    // The SDK calls this once with what it has read, and then for each change.
    twin.on('properties.desired', (delta) => {
      if (delta.interval === 60) {
        resolve({ delta, desired: { ...twin.properties.desired } });
      }
    });
  });
  await promisify(twin.properties.reported.update)({ firmware: '1.2', radio: { rssi: -97, "grüße": 'ß & €' } });
  say('reported', twin.properties.reported.firmware);
  say('desired', await change);
  await client.close();
}

session(process.argv[2], process.argv[3]).catch((err) => {
  console.error(err);
  process.exitCode = 1;
});
