// A registration with Microsoft's provisioning SDK:
// HOST:PORT ID-SCOPE REGISTRATION-ID BASE64KEY, or
// HOST:PORT ID-SCOPE REGISTRATION-ID CERTIFICATE-FILE KEY-FILE.
//
// Prints what it was assigned as one line of JSON, or "refused" and why. The
// service's certificate is trusted through NODE_EXTRA_CA_CERTS.
'use strict';

const fs = require('node:fs');
const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const { Mqtt } = require('azure-iot-provisioning-device-mqtt');
const { SymmetricKeySecurityClient } = require('azure-iot-security-symmetric-key');
const { X509Security } = require('azure-iot-security-x509');

const [host, idScope, id, keyOrCert, keyFile] = process.argv.slice(2);
const read = (file) => fs.readFileSync(file, 'utf8');
const security = keyFile
  ? new X509Security(id, { cert: read(keyOrCert), key: read(keyFile) })
  : new SymmetricKeySecurityClient(id, keyOrCert);
const client = ProvisioningDeviceClient.create(host, idScope, new Mqtt(), security);
client.setProvisioningPayload({ modelId: 'dtmi:com:example:Sensor;1' });
client.register((err, result) => {
  if (err) {
    console.log(JSON.stringify({ refused: `${err.name}: ${err.message}` }));
    return;
  }
  console.log(JSON.stringify({ hub: result.assignedHub, device: result.deviceId, status: result.status }));
});
