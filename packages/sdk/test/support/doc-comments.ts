import { readFileSync } from "node:fs";
import { parseSync } from "oxc-parser";

/** A declaration that others may use, with its doc comment. */
export interface Documented {
  name: string;
  /** How it is declared, on one line and without what it does. */
  declared: string;
  comment: string;
  isExported: boolean;
  members: Omit<Documented, "members" | "isExported">[];
}

/** The interfaces, classes, types and functions at the top of a source, and their members. */
export function documentedIn(path: string): Documented[] {
  const text = readFileSync(path, "utf8");
  const { program, comments } = parseSync(path, text);
  const docs = comments.filter(({ type, value }) => type === "Block" && value.startsWith("*"));
  const describe = (node: Node, name: string, start = node.start) => {
    const last = docs.findLast(({ end }) => end <= start);
    const isBefore = last && text.slice(last.end, start).trim() === "";
    return {
      name,
      declared: inOneLine(text.slice(node.start, bodyOf(node)?.start ?? node.end)),
      comment: isBefore ? inOneLine(last.value) : "",
    };
  };
  return (program.body as unknown as Node[]).flatMap((statement) => {
    const node = statement.declaration ?? statement;
    if (!node.id?.name) return [];
    const members = membersOf(node).map((member) => describe(member, member.key?.name ?? ""));
    return [{ ...describe(node, node.id.name, statement.start), isExported: node !== statement, members }];
  });
}

interface Node {
  type: string;
  start: number;
  end: number;
  /** What an `export` exports. */
  declaration?: Node | null;
  id?: { name: string } | null;
  key?: { name?: string };
  value?: Node | null;
  body?: Node | Node[] | null;
  typeAnnotation?: Node;
  types?: Node[];
  members?: Node[];
}

/** The members of an interface, a class or an object type, also where that is one of several that are joined. */
function membersOf({ type, body, typeAnnotation, members = [], types = [] }: Node): Node[] {
  if (type === "FunctionDeclaration") return [];
  if (body && !Array.isArray(body) && Array.isArray(body.body)) return body.body;
  return [...members, ...types.flatMap(membersOf), ...(typeAnnotation ? membersOf(typeAnnotation) : [])];
}

/** What a function or a method does, and what an interface or a class consists of: it is no part of a declaration. */
function bodyOf({ type, body, value }: Node): Node | undefined {
  if (type === "MethodDefinition") return value ? bodyOf({ ...value, type: "FunctionDeclaration" }) : undefined;
  return body && !Array.isArray(body) ? body : undefined;
}

function inOneLine(text: string): string {
  return text
    .replaceAll(/^\s*\*+ ?/gm, "")
    .replaceAll(/\s+/g, " ")
    .trim()
    .replace(/;$/, "");
}
