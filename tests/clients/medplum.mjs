// @medplum/core, unmodified: a vendor's day. Prints one JSON object of what came back; any refusal throws.
import { MedplumClient } from '@medplum/core';

const base = process.argv[2];
const medplum = new MedplumClient({ baseUrl: base.replace(/fhir$/, ''), fhirUrlPath: 'fhir', fetch: globalThis.fetch, cacheTime: 0 });
const system = 'urn:oid:2.16.156.10011.1.3';
const found = {};
const patient = (value) => ({ resourceType: 'Patient', identifier: [{ system, value }], name: [{ family: '吴', given: ['小红'] }] });

const created = await medplum.createResource(patient('m-1'));
found.created = created.resourceType;
const again = await medplum.createResourceIfNoneExist(patient('m-1'), `identifier=${system}|m-1`);
found.sameAgain = again.id === created.id;
const upserted = await medplum.upsertResource({ ...patient('m-1'), gender: 'female' }, `identifier=${system}|m-1`);
found.upsertedSame = upserted.id === created.id;
found.upsertedVersion = upserted.meta.versionId;
found.gender = (await medplum.readResource('Patient', created.id, { cache: 'reload' })).gender;
const patched = await medplum.patchResource('Patient', created.id, [{ op: 'add', path: '/birthDate', value: '1971-05-06' }]);
found.birthDate = patched.birthDate;
found.history = (await medplum.readHistory('Patient', created.id)).entry.length;
found.one = (await medplum.searchOne('Patient', { identifier: `${system}|m-1` })).id === created.id;
for (let number = 0; number < 5; number += 1) {
  await medplum.createResource({
    resourceType: 'Observation', status: 'final', code: { text: `O${number}` },
    subject: { reference: `Patient/${created.id}` }, effectiveDateTime: `2026-03-0${number + 1}`,
  });
}
const sorted = await medplum.searchResources('Observation', { patient: created.id, _sort: '-date' });
found.sorted = sorted.map((one) => one.effectiveDateTime);
const seen = [];
for await (const page of medplum.searchResourcePages('Observation', { patient: created.id, _count: '2' })) {
  seen.push(...page.map((one) => one.id));
}
found.paged = [seen.length, new Set(seen).size];
found.everything = (await medplum.readPatientEverything(created.id)).entry.length;
found.valid = (await medplum.validateResource(patient('m-2'))).issue.every((issue) => issue.severity !== 'error');
const batch = await medplum.executeBatch({
  resourceType: 'Bundle', type: 'batch',
  entry: [
    { request: { method: 'GET', url: `Patient/${created.id}` } },
    { request: { method: 'GET', url: 'Patient/missing' } },
  ],
});
found.batch = batch.entry.map((entry) => entry.response.status.slice(0, 3));
const expanded = await medplum.valueSetExpand({ url: 'http://hl7.org/fhir/ValueSet/administrative-gender' });
found.genders = expanded.expansion.contains.map((one) => one.code).sort();
const binary = await medplum.createBinary({ data: 'hello', contentType: 'text/plain' });
found.binary = await (await medplum.download(`${base}/Binary/${binary.id}`, { headers: { Accept: '*/*' } })).text();
await medplum.deleteResource('Patient', created.id).catch((error) => { found.deleteRefused = error.outcome.issue[0].code; });
const other = await medplum.createResource(patient('m-9'));
await medplum.deleteResource('Patient', other.id);
found.afterDelete = await medplum.readResource('Patient', other.id, { cache: 'reload' }).then(() => 'read', (error) => error.outcome.issue[0].code);
console.log(JSON.stringify(found));
