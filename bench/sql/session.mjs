// One psql session to a database, as a queue of queries: await session.rows('SELECT ...').
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Session {
    constructor(database) {
        this.database = database;
        this.waiting = [];
        const psql = spawn(
            'psql',
            [
                '-X',
                '-q',
                '-A',
                '-t',
                '-F',
                '\t',
                '-P',
                'pager=off',
                '-v',
                'ON_ERROR_STOP=1',
                '-d',
                database,
                '-f',
                '-',
            ],
            { stdio: ['pipe', 'pipe', 'inherit'] },
        );
        this.psql = psql;
        this.ended = new Promise((resolve) => psql.on('close', resolve));
        let lines = [];
        createInterface({ input: psql.stdout }).on('line', (line) => {
            if (line === '\\done') {
                this.waiting.shift().resolve(lines);
                lines = [];
            } else {
                lines.push(line.split('\t'));
            }
        });
        // psql stops at the first error, which it has printed.
        this.ended.then(() =>
            this.waiting.forEach(({ reject, sql }) =>
                reject(new Error(`psql ended in database ${database} at: ${sql}`)),
            ),
        );
    }

    rows(sql) {
        return new Promise((resolve, reject) => {
            this.waiting.push({ resolve, reject, sql });
            this.psql.stdin.write(`${sql};\n\\echo '\\\\done'\n`);
        });
    }

    async end() {
        this.psql.stdin.end();
        await this.ended;
    }
}
