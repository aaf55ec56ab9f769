#!/usr/bin/env node
/* What agent.test.mjs starts in the place of helix-agent. FAKE names its misbehaviour. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

const { FAKE } = process.env;
const token = 'a-token-of-the-fake';

if (FAKE === 'dies') {
  console.error('fake: no compositor here');
  process.exit(3);
}
if (FAKE === 'leaves-a-child')
  spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).unref();
/* A child that hides the mark, as one with an environment of its own does. */
if (FAKE === 'leaves-an-unmarked-child')
  spawn('sleep', ['600'], { detached: true, stdio: 'ignore', env: {} }).unref();
if (FAKE === 'ignores-sigterm') process.on('SIGTERM', () => {});
else process.on('SIGTERM', () => process.exit(0));

const answers = {
  '/api/status': () => ({ arguments: process.argv.slice(2), environment: process.env }),
  '/metrics': () => 'helix_frames_total 7\n# HELP x\nhelix_refused{reason="host"} 2\n',
};
const server = createServer((request, response) => {
  const answer = answers[request.url];
  const isAllowed = request.headers.authorization === `Bearer ${token}`;
  response.statusCode = isAllowed && answer ? 200 : isAllowed ? 404 : 401;
  const body = response.statusCode === 200 ? answer() : 'no';
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  console.error('fake: listening');
  if (FAKE !== 'says-nothing')
    console.log(JSON.stringify({ event: 'ready', url: `http://127.0.0.1:${port}/#token=${token}`,
      port, token, pid: process.pid, version: '0' }));
});
