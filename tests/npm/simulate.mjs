// Reads a JSON array of simulations on stdin and writes a JSON array of answers: "Allowed", "ExplicitlyDenied",
// "ImplicitlyDenied", or {"errors": …} for one that the independent evaluator does not take.
import { runSimulation } from '@cloud-copilot/iam-simulate'

let text = ''
for await (const chunk of process.stdin) text += chunk
const answers = []
for (const simulation of JSON.parse(text)) {
  const found = await runSimulation(simulation, { simulationMode: 'Strict' })
  answers.push(found.resultType === 'error' ? { errors: found.errors } : found.overallResult)
}
process.stdout.write(JSON.stringify(answers))
