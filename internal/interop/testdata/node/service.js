// The service side with Microsoft's service SDK: CONNECTION-STRING DEVICE.
//
// Prints one line of JSON for each step, with its result. DEVICE must be
// connected and answer the method "reboot". The hub's certificate is trusted
// through NODE_EXTRA_CA_CERTS.
'use strict';

const { Registry, Client } = require('azure-iothub');

const say = (step, value) => console.log(JSON.stringify({ step, value }));
const keys = {
  primaryKey: Buffer.from('interop test key, not a secret 8').toString('base64'),
  secondaryKey: Buffer.from('interop test key, not a secret 9').toString('base64'),
};
const refusal = (promise) => promise.then(() => 'accepted', (err) => err.name);

async function registry(connectionString) {
  const r = Registry.fromConnectionString(connectionString);
  const made = (await r.create({ deviceId: 'made', status: 'enabled', authentication: { symmetricKey: keys } })).responseBody;
  say('create', { id: made.deviceId, status: made.status, key: made.authentication.symmetricKey.primaryKey === keys.primaryKey });
  say('create twice', await refusal(r.create({ deviceId: 'made' })));
  say('get', (await r.get('made')).responseBody.deviceId);
  say('get unknown', await refusal(r.get('nobody')));
  const changed = { deviceId: 'made', status: 'disabled', statusReason: 'test', authentication: { symmetricKey: keys } };
  say('update', (await r.update(changed)).responseBody.status);
  say('list', (await r.list()).responseBody.map((d) => d.deviceId));
  await r.addModule({ deviceId: 'made', moduleId: 'm1' });
  say('modules', (await r.getModulesOnDevice('made')).responseBody.map((m) => m.moduleId));
  say('statistics', (await r.getRegistryStatistics()).responseBody);
  await r.delete('made');
  say('get deleted', await refusal(r.get('made')));
  return r;
}

async function twins(r, device) {
  const twin = (await r.getTwin(device)).responseBody;
  const updated = (await twin.update({ tags: { site: 'Hall 3' }, properties: { desired: { interval: 60 } } })).result;
  say('twin', { tags: updated.tags, desired: updated.properties.desired.interval, version: updated.properties.desired.$version });
  say('twin with an old etag', await refusal(r.updateTwin(device, { tags: { site: 'x' } }, 'MQ==')));
  const ids = [];
  const query = r.createQuery('SELECT * FROM devices', 1);
  let pages = 0;
  while (query.hasMoreResults) {
    ids.push(...(await query.nextAsTwin()).result.map((t) => t.deviceId));
    pages++;
  }
  say('query', { ids, pages });
}

async function methods(connectionString, device) {
  const client = Client.fromConnectionString(connectionString);
  const call = { methodName: 'reboot', payload: { delay: 5 }, responseTimeoutInSeconds: 10, connectTimeoutInSeconds: 10 };
  say('method', (await client.invokeDeviceMethod(device, call)).result);
  say('method of a device that is away', await refusal(client.invokeDeviceMethod('lora2', { methodName: 'reboot' })));
  await client.invokeDeviceMethod(device, { methodName: 'stop' });
}

async function session(connectionString, device) {
  await twins(await registry(connectionString), device);
  await methods(connectionString, device);
}

session(...process.argv.slice(2)).catch((err) => {
  console.error(err);
  process.exitCode = 1;
});
