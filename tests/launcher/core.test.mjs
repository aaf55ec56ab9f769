/* The unit tests of windows-launcher/core, as Windows runs them. They ran natively before. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { BUILD } from '../lib/agent.mjs';
import { windows, windowsPath } from '../lib/wine.mjs';

test('the launcher\'s core passes its unit tests under wine', async (t) => {
  const pc = await windows({ wsl: 'absent' });
  t.after(() => pc.stop());
  const program = windowsPath(join(BUILD, 'windows', 'tests', 'launcher_tests.exe'));
  const { code, stdout } = await pc.wine(program, [], { deadlineMs: 60000 });

  assert.equal(code, 0, stdout);
  assert.match(stdout, /# pass [1-9]/);
});
