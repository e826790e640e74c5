// fhir-kit-client, unmodified: a vendor's day. Prints one JSON object of what came back; any refusal throws.
import { Client } from 'fhir-kit-client';

const client = new Client({ baseUrl: process.argv[2] });
const system = 'urn:oid:2.16.156.10011.1.3';
const found = {};
const ids = (bundle) => (bundle.entry ?? []).filter((e) => e.search?.mode !== 'outcome').map((e) => e.resource.id);
const made = (family) => ({ resourceType: 'Patient', name: [{ family, given: ['小明'] }], active: true });

found.fhirVersion = (await client.capabilityStatement()).fhirVersion;

const created = await client.create({ resourceType: 'Patient', body: made('赵') });
const { id } = created;
found.createdVersion = created.meta.versionId;
const minimal = await client.create({
  resourceType: 'Patient', body: made('钱'), options: { headers: { Prefer: 'return=minimal' } },
});
found.minimalStatus = Client.httpFor(minimal).response.status;

found.family = (await client.read({ resourceType: 'Patient', id })).name[0].family;
const updated = await client.update({ resourceType: 'Patient', id, body: { ...made('赵'), id, gender: 'male' } });
found.updatedVersion = updated.meta.versionId;
found.firstVersionGender = (await client.vread({ resourceType: 'Patient', id, version: '1' })).gender ?? null;
const conditional = await client.update({
  resourceType: 'Patient',
  searchParams: { identifier: `${system}|kit-1` },
  body: { ...made('孙'), identifier: [{ system, value: 'kit-1' }] },
});
found.conditionalIdentifier = conditional.identifier[0].value;
const patched = await client.patch({
  resourceType: 'Patient', id, jsonPatch: [{ op: 'replace', path: '/active', value: false }],
});
found.patchedActive = patched.active;

for (let number = 0; number < 5; number += 1) {
  await client.create({
    resourceType: 'Observation',
    body: { resourceType: 'Observation', status: 'final', code: { text: `O${number}` }, subject: { reference: `Patient/${id}` } },
  });
}
found.byName = ids(await client.search({ resourceType: 'Patient', searchParams: { name: '赵' } })).includes(id);
found.byPost = ids(await client.search({
  resourceType: 'Patient', searchParams: { name: '赵' }, options: { postSearch: true },
})).includes(id);
found.compartment = ids(await client.search({
  resourceType: 'Observation', compartment: { resourceType: 'Patient', id },
})).length;
found.system = ids(await client.search({ searchParams: { _type: 'Patient,Observation', _count: '50' } })).length;

let page = await client.search({ resourceType: 'Observation', searchParams: { _count: '2', patient: id } });
const seen = [];
while (page) {
  seen.push(...ids(page));
  page = await client.nextPage({ bundle: page });
}
found.pagedTwice = seen.length !== new Set(seen).size;
found.paged = seen.length;

found.instanceHistory = (await client.history({ resourceType: 'Patient', id })).entry.length;
found.typeHistory = (await client.history({ resourceType: 'Patient' })).entry.length;
found.systemHistory = (await client.history()).entry.length;

const everything = await client.operation({ name: 'everything', resourceType: 'Patient', id, method: 'get' });
found.everything = everything.entry.length;

const transaction = await client.transaction({
  body: {
    resourceType: 'Bundle', type: 'transaction',
    entry: [
      { fullUrl: 'urn:uuid:6f0c2b1e-3d0a-4c57-9a7c-0f6d1f1c1d11', resource: made('李'), request: { method: 'POST', url: 'Patient' } },
      {
        resource: {
          resourceType: 'Observation', status: 'final', code: { text: 'T' },
          subject: { reference: 'urn:uuid:6f0c2b1e-3d0a-4c57-9a7c-0f6d1f1c1d11' },
        },
        request: { method: 'POST', url: 'Observation' },
      },
    ],
  },
});
found.transaction = transaction.entry.map((entry) => entry.response.status.slice(0, 3));
const observation = await client.read({
  resourceType: 'Observation', id: transaction.entry[1].response.location.split('Observation/')[1].split('/')[0],
});
const subject = await client.resolve({ reference: observation.subject.reference });
found.resolved = subject.name[0].family;

const gone = await client.create({ resourceType: 'Patient', body: made('周') });
await client.delete({ resourceType: 'Patient', id: gone.id });
found.readAfterDelete = await client.read({ resourceType: 'Patient', id: gone.id }).catch((error) => error.response.status);
console.log(JSON.stringify(found));
