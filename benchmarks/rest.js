// One load (SCENARIO, a key of `scenarios`) on any FHIR R4 server at BASE, for SECONDS, with k6.
// DATA is a JSON file that rest.py wrote: templates of resources and bundles in which @@ stands for a number, and how
// many numbers there are already. k6 drops a VU's failures into `checks`; rest.py refuses a run with any.
import http from 'k6/http';
import { check } from 'k6';
import exec from 'k6/execution';

const data = JSON.parse(open(__ENV.DATA));
const base = __ENV.BASE;
const first = Number(__ENV.FIRST || 0);
const json = { headers: { 'Content-Type': 'application/fhir+json', Accept: 'application/fhir+json' } };

export const options = {
  discardResponseBodies: true,
  summaryTrendStats: ['avg', 'med', 'p(95)', 'p(99)', 'max'],
  scenarios: {
    load:
      __ENV.SCENARIO === 'import'
        ? { executor: 'shared-iterations', vus: Number(__ENV.VUS), iterations: Number(__ENV.COUNT), maxDuration: '30m' }
        : { executor: 'constant-vus', vus: Number(__ENV.VUS), duration: `${__ENV.SECONDS}s`, gracefulStop: '5s' },
  },
};

const one = () => Math.floor(Math.random() * data.patients);
const filled = (template, number) => template.split('@@').join(String(number));
const tagged = (name) => Object.assign({ tags: { name } }, json);

const scenarios = {
  import: () => http.post(base, filled(data.bundle, first + exec.scenario.iterationInTest), tagged('bundle')),
  create: () => http.post(`${base}/${data.created}`, filled(data.create, `${first}-${exec.vu.idInTest}-${exec.vu.iterationInScenario}`), tagged('create')),
  read: () => http.get(`${base}/${data.read}${one()}`, tagged('read')),
  search: () => http.get(`${base}/Patient?identifier=${encodeURIComponent(data.system)}|${one()}`, tagged('search')),
  name: () => http.get(`${base}/Patient?name=Family${one()}&birthdate=ge1930`, tagged('name')),
  sort: () => http.get(`${base}/Observation?patient=${data.patient}${one()}&_sort=-date&_count=10`, tagged('sort')),
  code: () => http.get(`${base}/Observation?patient=${data.patient}${one()}&code=http://loinc.org|2160-0`, tagged('code')),
  update: () => {
    const number = one();
    return http.put(`${base}/${data.read}${number}`, filled(data.update, number).replace('##', `${exec.vu.idInTest}-${exec.vu.iterationInScenario}-${first}`), tagged('update'));
  },
};

export default function () {
  const answer = scenarios[__ENV.SCENARIO]();
  check(answer, { 'answered 2xx': (r) => r.status >= 200 && r.status < 300 });
}
