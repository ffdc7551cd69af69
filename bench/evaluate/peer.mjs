// Runs the benchmark's cases through the peer's public API and writes its decisions and its speed.
//
//   node peer.mjs CASES_DIR ANSWERS.ndjson SUMMARY.json [ROUNDS] [SECONDS]
//
// One process, one thread. Policies and requests are objects before the clock starts; two of the peer's ways are
// timed: `runUnsafeSimulation` (no validation of its input) and `runSimulation` (validates, explains). Answers are
// those of `runSimulation`, and of `runUnsafeSimulation` where validation refuses the request. Written from the
// peer's README and type declarations alone.
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, availableParallelism, loadavg } from 'node:os'
import { runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'

const [folder, answersFile, summaryFile, rounds = '7', seconds = '1'] = process.argv.slice(2)
if (!summaryFile) {
  console.error('node peer.mjs CASES_DIR ANSWERS.ndjson SUMMARY.json [ROUNDS] [SECONDS]')
  process.exit(2)
}
const WORDS = { Allowed: 'allowed', ExplicitlyDenied: 'explicitDeny', ImplicitlyDenied: 'implicitDeny' }

const named = (list) => (list ?? []).map(({ name, document }) => ({ name, policy: document }))

// All cases of a set share their policies, so they are converted once and shared here as well.
function simulations(name) {
  const lines = readFileSync(`${folder}/${name}.ndjson`, 'utf8').trim().split('\n')
  const { policies } = JSON.parse(lines[0])
  const shared = {
    identityPolicies: named(policies.identity),
    serviceControlPolicies: (policies.scp ?? []).map((l) => ({ orgIdentifier: l.level, policies: named(l.policies) })),
    resourceControlPolicies: [],
    ...(policies.boundary ? { permissionBoundaryPolicies: named(policies.boundary) } : {}),
  }
  return lines.map((line) => {
    const { id, request } = JSON.parse(line)
    return {
      id,
      simulation: {
        ...shared,
        request: {
          principal: request.principal.arn,
          action: request.action,
          resource: { resource: request.resource, accountId: request.resource_account },
          contextVariables: request.context,
        },
      },
    }
  })
}

function count(counts, word) {
  counts[word] = (counts[word] ?? 0) + 1
}

// Validation may throw instead of answering an error.
async function simulate(simulation) {
  try {
    return await runSimulation(simulation, {})
  } catch (e) {
    return { resultType: 'error', errors: { message: String(e.message) } }
  }
}

async function validated(simulation) {
  const result = await simulate(simulation)
  return result.resultType === 'error' ? 'error' : WORDS[result.overallResult]
}

function unvalidated(simulation) {
  return WORDS[runUnsafeSimulation(simulation, {})]
}

const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]

// Two passes (and at least five seconds) to warm up, then rounds of at least the wanted time in whole passes.
async function measure(name, what, list, decide) {
  const pass = async () => {
    const counts = {}
    for (const { simulation } of list) {
      const answer = decide(simulation)
      count(counts, typeof answer === 'string' ? answer : await answer)
    }
    return counts
  }
  const expected = JSON.stringify(await pass())
  const warm = performance.now()
  do await pass()
  while (performance.now() - warm < 5000)
  const clock = []
  const processor = []
  for (let round = 0; round < Number(rounds); round++) {
    const [start, cpu] = [performance.now(), process.cpuUsage()]
    let done = 0
    do {
      if (JSON.stringify(await pass()) !== expected) throw new Error('a pass decided otherwise than the first one')
      done += list.length
    } while (performance.now() - start < Number(seconds) * 1000)
    const used = process.cpuUsage(cpu)
    clock.push((done / (performance.now() - start)) * 1000)
    processor.push((done / (used.user + used.system)) * 1e6)
  }
  const [median, min, max, cpuMedian] = [middle(clock), Math.min(...clock), Math.max(...clock), middle(processor)]
  console.log(`${name} ${what}: ${median.toFixed(0)} decisions/s (min ${min.toFixed(0)}, max ${max.toFixed(0)}, ${clock.length} rounds); ${cpuMedian.toFixed(0)} per CPU-second; ${expected}`)
  return { median, min, max, rounds: clock, cpu_median: cpuMedian }
}

const machine = `${availableParallelism()} cores, ${cpus()[0].model}, load ${loadavg()[0]}, node ${process.version}`
console.log(`machine: ${machine}`)
const summary = { machine }
const answers = []
for (const name of ['full', 'identity']) {
  const list = simulations(name)
  for (const { id, simulation } of list) {
    const result = await simulate(simulation)
    if (result.resultType === 'error') {
      answers.push({ id, decision: unvalidated(simulation), validation: result.errors.message, errors: result.errors })
    } else {
      const ignored = result.resultType === 'single' ? result.result.ignoredContextKeys : result.results.flatMap((r) => r.ignoredContextKeys ?? [])
      answers.push({ id, decision: WORDS[result.overallResult], unvalidated: unvalidated(simulation), ...(ignored?.length ? { ignored } : {}) })
    }
  }
  summary[`${name} unvalidated`] = await measure(name, 'runUnsafeSimulation', list, unvalidated)
  summary[`${name} validated`] = await measure(name, 'runSimulation', list, validated)
}
writeFileSync(answersFile, answers.map((a) => JSON.stringify(a) + '\n').join(''))
writeFileSync(summaryFile, JSON.stringify(summary, null, 2) + '\n')
