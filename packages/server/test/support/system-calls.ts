import { readFileSync } from "node:fs";

/** A finished system call of one of the processes that strace watched. Times in seconds. */
interface SystemCall {
  process: string;
  name: string;
  /** What strace shows of the arguments: paths and addresses of descriptors, the first bytes of what is written. */
  arguments: string;
  began: number;
  ended: number;
}

/** Writes to `file` what a program and its children read and wrote, and when they waited for the disk. */
export function straceTo(file: string): string[] {
  const calls = "trace=read,write,writev,pwrite64,pwritev,fdatasync,fsync";
  // -I never: a signal is for the program that is watched. -T: how long each call took.
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

/** In the order in which they ended. */
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
