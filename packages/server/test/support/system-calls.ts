import { readFileSync } from "node:fs";

/** A finished system call of a traced process. Times are in seconds. */
interface SystemCall {
  process: string;
  name: string;
  /** The arguments as strace shows them: paths and addresses of descriptors, and the first bytes of the data. */
  arguments: string;
  began: number;
  ended: number;
}

/**
 * Returns a strace command that writes the reads, writes and syncs of a program and its child processes to `file`.
 */
export function straceTo(file: string): string[] {
  const calls = "trace=read,write,writev,pwrite64,pwritev,fdatasync,fsync";
  // -I never: signals go to the traced program. -T: the duration of each call.
  return [
    "strace",
    "-f",
    "--seccomp-bpf",
    "-I",
    "never",
    "-qqq",
    "-ttt",
    "-T",
    "-yy",
    "-s",
    "48",
    "-e",
    calls,
    "-o",
    file,
  ];
}

const whole = /^(\d+) +([\d.]+) (\w+)\((.*)\) += .*<([\d.]+)>$/;
const beginning = /^(\d+) +([\d.]+) (\w+)\((.*) <unfinished \.\.\.>$/;
const end = /^(\d+) +([\d.]+) <\.\.\. (\w+) resumed>(.*)\) += .*$/;

/** Reads the system calls, in the order of their ends. */
export function readSystemCalls(file: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<string, { began: number; arguments: string }>();
  for (const line of readFileSync(file, "latin1").split("\n")) {
    const [, process = "", time = "", name = "", shown = "", took = ""] =
      whole.exec(line) ?? beginning.exec(line) ?? end.exec(line) ?? [];
    if (whole.test(line)) {
      calls.push({ process, name, arguments: shown, began: Number(time), ended: Number(time) + Number(took) });
    } else if (beginning.test(line)) {
      unfinished.set(process, { began: Number(time), arguments: shown });
    } else if (end.test(line)) {
      const first = unfinished.get(process);
      if (first) calls.push({ process, name, ...first, arguments: first.arguments + shown, ended: Number(time) });
    }
  }
  return calls.toSorted((one, other) => one.ended - other.ended);
}
