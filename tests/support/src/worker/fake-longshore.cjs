#!/usr/bin/env node
// Stands in for the worker: serves its command line on `listeners` of the property file it is given.
const fs = require('fs');
const http = require('http');
const [, , ...words] = process.argv;
if (words[0] === 'broken') {
  process.stderr.write('no such subcommand: broken\n');
  process.exit(2);
}
const listeners = /^listeners=(.*)$/m.exec(fs.readFileSync(words[1], 'utf8'))[1];
http.createServer((_, answer) => answer.end(JSON.stringify(words))).listen(new URL(listeners).port, '127.0.0.1');
console.log(`up ${process.env.GREETING}`);
process.on('SIGTERM', () => {
  console.log('down');
  process.exit(0);
});
