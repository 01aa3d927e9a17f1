// Runs a WebAssembly module and follows secrets through it. Every byte of memory and every value is
// public, secret, or public but not modelled; an instruction with a secret operand has a secret result.
// Recorded is whatever would let time tell a secret:
//   address  a load or store at an address made from one     branch  a condition made from one
//   select   which V8 may compile to a branch                size    of a memory.fill or memory.copy
//   division whose time depends on its operands
// Secrets need no values, since nothing public may come of them. Only the vector instructions that carry
// addresses are modelled; a branch on, or an address from, a vector value that is not is an error.
import binaryen from 'binaryen';
import { binary, unary, vectorBinary, vectorUnary } from './secrecy-operations.js';

export const SECRET = 'secret';
export const OPAQUE = 'not modelled';
export type Value = number | bigint | Uint8Array | typeof SECRET | typeof OPAQUE;
export type Kind = 'address' | 'branch' | 'select' | 'size' | 'division';

interface Frame {
  readonly locals: Value[];
  /** The label that a break is on its way to; '' for a return. */
  leaving: string | undefined;
  carried: Value | undefined;
}
type Run = (frame: Frame) => Value | undefined;
interface Compiled {
  readonly body: Run;
  readonly results: number;
  readonly locals: readonly Value[];
}
// binaryen describes each kind of expression by an interface of its own; these are the fields of all
type Info = Readonly<Record<string, number>> & {
  readonly name: string;
  readonly target: string;
  readonly names: readonly string[];
  readonly children: readonly number[];
  readonly operands: readonly number[];
  readonly value: number | { low: number; high: number } | readonly number[];
};

const PAGE = 65536;
const [PUBLIC_BYTE, SECRET_BYTE, OPAQUE_BYTE] = [0, 1, 2];
const DIVISIONS = new Set<number>([
  ...[binaryen.DivSInt32, binaryen.DivUInt32, binaryen.RemSInt32, binaryen.RemUInt32],
  ...[binaryen.DivSInt64, binaryen.DivUInt64, binaryen.RemSInt64, binaryen.RemUInt64],
]);

export class Machine {
  /** What was found, by kind. */
  readonly leaks: Record<Kind, number> = { address: 0, branch: 0, select: 0, size: 0, division: 0 };
  /** Which way a branch on a secret goes. */
  verdict = true;
  readonly #module: binaryen.Module;
  readonly #memory: Uint8Array;
  readonly #view: DataView;
  readonly #marks = new Map<number, Uint8Array>();
  readonly #globals = new Map<string, Value>();
  readonly #functions = new Map<string, Compiled>();
  readonly #exports = new Map<string, string>();

  constructor(bytes: Uint8Array, memory: SharedArrayBuffer) {
    this.#module = binaryen.readBinary(bytes);
    this.#module.setFeatures(binaryen.Features.All);
    this.#memory = new Uint8Array(memory);
    this.#view = new DataView(memory);
    for (let i = 0; i < this.#module.getNumGlobals(); i++) {
      const { name, init } = binaryen.getGlobalInfo(this.#module.getGlobalByIndex(i));
      this.#globals.set(name, this.#compile(init)(frame([]))!);
    }
    for (let i = 0; i < this.#module.getNumExports(); i++) {
      const { name, value } = binaryen.getExportInfo(this.#module.getExportByIndex(i));
      this.#exports.set(name, value);
    }
  }

  /** From now on the `length` bytes at `at` are secret, or public. */
  mark(at: number, length: number, secret: boolean): void {
    for (let i = 0; i < length; i++) this.#setMark(at + i, secret ? SECRET_BYTE : PUBLIC_BYTE);
  }

  call(name: string, ...args: number[]): Value | undefined {
    const target = this.#exports.get(name);
    if (target === undefined) throw new Error(`no export ${name}`);
    return this.#call(target, args);
  }

  #call(target: string, args: readonly Value[]): Value | undefined {
    let compiled = this.#functions.get(target);
    if (compiled === undefined) {
      const info = binaryen.getFunctionInfo(this.#module.getFunction(target));
      const locals = info.vars.map(zero);
      compiled = { body: this.#compile(info.body), results: info.results, locals };
      this.#functions.set(target, compiled);
    }
    const inner = frame([...args, ...compiled.locals]);
    const value = compiled.body(inner);
    return compiled.results === binaryen.none ? undefined : (inner.carried ?? value);
  }

  // ---- memory ------------------------------------------------------------------------------------

  #markAt(at: number): number {
    return this.#marks.get(Math.floor(at / PAGE))?.[at % PAGE] ?? PUBLIC_BYTE;
  }

  #setMark(at: number, mark: number): void {
    const page = Math.floor(at / PAGE);
    const marks = this.#marks.get(page) ?? new Uint8Array(PAGE);
    this.#marks.set(page, marks);
    marks[at % PAGE] = mark;
  }

  /** The address, or undefined where it is secret. */
  #address(base: Value | undefined, offset: number): number | undefined {
    if (base === SECRET) {
      this.leaks.address++;
      return undefined;
    }
    return (Number(known(base)) >>> 0) + offset;
  }

  #read(
    base: Value | undefined,
    offset: number,
    bytes: number,
    type: number,
    signed: boolean,
  ): Value {
    const at = this.#address(base, offset);
    if (at === undefined) return SECRET;
    let marks = 0;
    for (let i = 0; i < bytes; i++) marks |= this.#markAt(at + i);
    if (marks & SECRET_BYTE) return SECRET;
    if (marks & OPAQUE_BYTE) return OPAQUE;
    if (bytes === 16) return this.#memory.slice(at, at + 16);
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#memory[at + i]!);
    if (signed) value = BigInt.asIntN(8 * bytes, value);
    return type === binaryen.i64 ? BigInt.asUintN(64, value) : Number(BigInt.asIntN(32, value));
  }

  #write(base: Value | undefined, offset: number, bytes: number, value: Value): void {
    const at = this.#address(base, offset);
    if (at === undefined) return;
    const mark = value === SECRET ? SECRET_BYTE : value === OPAQUE ? OPAQUE_BYTE : PUBLIC_BYTE;
    for (let i = 0; i < bytes; i++) this.#setMark(at + i, mark);
    if (value instanceof Uint8Array) this.#memory.set(value, at);
    else if (typeof value === 'bigint' && bytes === 8) this.#view.setBigUint64(at, value, true);
    else if (typeof value !== 'string') {
      const number = Number(BigInt.asUintN(32, BigInt(value)));
      for (let i = 0; i < bytes; i++) this.#memory[at + i] = number >>> (8 * i);
    }
  }

  #copy(dest: Value, source: Value, size: Value): void {
    if (size === SECRET) this.leaks.size++;
    const [to, from] = [this.#address(dest, 0), this.#address(source, 0)];
    if (to === undefined || from === undefined || size === SECRET) return;
    const length = Number(known(size));
    const marks = Array.from({ length }, (_, i) => this.#markAt(from + i));
    this.#memory.copyWithin(to, from, from + length);
    for (const [i, mark] of marks.entries()) this.#setMark(to + i, mark);
  }

  #fill(dest: Value, value: Value, size: Value): void {
    if (size === SECRET) this.leaks.size++;
    const to = this.#address(dest, 0);
    if (to === undefined || size === SECRET) return;
    for (let i = 0; i < Number(known(size)); i++) this.#write(to + i, 0, 1, value);
  }

  // ---- instructions ------------------------------------------------------------------------------

  #condition(value: Value | undefined): boolean {
    if (value !== SECRET) return Number(known(value)) !== 0;
    this.leaks.branch++;
    return this.verdict;
  }

  #compile(expression: number): Run {
    // there is nothing to tell of a nop, and binaryen throws where it is asked
    if (binaryen.getExpressionId(expression) === binaryen.NopId) return () => undefined;
    const info = binaryen.getExpressionInfo(expression) as unknown as Info;
    const run = CONTROL[info.id!]?.(this.#inside, info) ?? DATA[info.id!]?.(this.#inside, info);
    if (run === undefined) throw new Error(`expression of kind ${info.id} is not modelled`);
    return run;
  }

  /** What the tables of instructions below may use. */
  readonly #inside = {
    compile: (expression: number): Run => this.#compile(expression),
    call: (target: string, args: readonly Value[]) => this.#call(target, args),
    condition: (value: Value | undefined) => this.#condition(value),
    globals: this.#globals,
    leaks: this.leaks,
    read: this.#read.bind(this),
    write: this.#write.bind(this),
    copy: this.#copy.bind(this),
    fill: this.#fill.bind(this),
  };
}

type Inside = {
  compile(expression: number): Run;
  call(target: string, args: readonly Value[]): Value | undefined;
  condition(value: Value | undefined): boolean;
  readonly globals: Map<string, Value>;
  readonly leaks: Record<Kind, number>;
  read(
    base: Value | undefined,
    offset: number,
    bytes: number,
    type: number,
    signed: boolean,
  ): Value;
  write(base: Value | undefined, offset: number, bytes: number, value: Value): void;
  copy(dest: Value, source: Value, size: Value): void;
  fill(dest: Value, value: Value, size: Value): void;
};
type Row = (inside: Inside, info: Info) => Run;

function frame(locals: Value[]): Frame {
  return { locals, leaving: undefined, carried: undefined };
}

function zero(type: number): Value {
  if (type === binaryen.v128) return new Uint8Array(16);
  return type === binaryen.i64 ? 0n : 0;
}

function known(value: Value | undefined): number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  throw new Error('an address, a condition or a size comes of a vector that is not modelled');
}

/** Secret beats not modelled, which beats what `compute` says. */
function combine(operands: readonly Value[], compute: () => Value): Value {
  if (operands.includes(SECRET)) return SECRET;
  return operands.includes(OPAQUE) ? OPAQUE : compute();
}

const CONTROL: Readonly<Record<number, Row>> = {
  [binaryen.BlockId]: ({ compile }, { children, name }) => {
    const parts = children.map(compile);
    return (f) => {
      let value: Value | undefined;
      for (const part of parts) {
        value = part(f);
        if (f.leaving === undefined) continue;
        if (f.leaving !== name) return undefined;
        f.leaving = undefined;
        value = f.carried;
        f.carried = undefined;
        break;
      }
      return value;
    };
  },
  [binaryen.LoopId]: ({ compile }, { body, name }) => {
    const run = compile(body!);
    return (f) => {
      for (;;) {
        const value = run(f);
        if (f.leaving !== name) return value;
        f.leaving = undefined;
      }
    };
  },
  [binaryen.IfId]: ({ compile, condition }, { condition: test, ifTrue, ifFalse }) => {
    const [check, yes] = [compile(test!), compile(ifTrue!)];
    const no = ifFalse === 0 ? () => undefined : compile(ifFalse!);
    return (f) => (condition(check(f)) ? yes(f) : no(f));
  },
  [binaryen.BreakId]: ({ compile, condition }, { name, condition: test, value }) => {
    const check = test === 0 ? undefined : compile(test!);
    const carry = value === 0 ? undefined : compile(value as number);
    return (f) => {
      const carried = carry?.(f);
      if (check !== undefined && !condition(check(f))) return carried;
      f.leaving = name;
      f.carried = carried;
      return undefined;
    };
  },
  [binaryen.ReturnId]: ({ compile }, { value }) => {
    const carry = value === 0 ? undefined : compile(value as number);
    return (f) => {
      f.carried = carry?.(f);
      f.leaving = '';
      return undefined;
    };
  },
  [binaryen.CallId]: ({ compile, call }, { target, operands }) => {
    const parts = operands.map(compile);
    return (f) =>
      call(
        target,
        parts.map((part) => part(f)!),
      );
  },
  [binaryen.DropId]: ({ compile }, { value }) => {
    const run = compile(value as number);
    return (f) => void run(f);
  },
  [binaryen.LocalGetId]:
    (_, { index }) =>
    (f) =>
      f.locals[index!],
  [binaryen.LocalSetId]: ({ compile }, { index, value }) => {
    const run = compile(value as number);
    return (f) => (f.locals[index!] = run(f)!);
  },
  [binaryen.GlobalGetId]:
    ({ globals }, { name }) =>
    () =>
      globals.get(name),
  [binaryen.GlobalSetId]: ({ compile, globals }, { name, value }) => {
    const run = compile(value as number);
    return (f) => void globals.set(name, run(f)!);
  },
};

const opaque: Row = ({ compile }, info) => {
  const parts = ['left', 'right', 'a', 'b', 'c', 'vec', 'shift'].filter((name) => info[name]);
  const runs = parts.map((name) => compile(info[name]!));
  return (f) =>
    combine(
      runs.map((run) => run(f)!),
      () => OPAQUE,
    );
};

const DATA: Readonly<Record<number, Row>> = {
  [binaryen.ConstId]: (_, { type, value }) => {
    if (type === binaryen.v128) return () => Uint8Array.from(value as readonly number[]);
    if (type !== binaryen.i64) return () => value as number;
    const constant = BigInt.asUintN(64, BigInt(value as never));
    return () => constant;
  },
  [binaryen.UnaryId]: ({ compile }, { op, value }) => {
    const run = compile(value as number);
    return (f) => {
      const operand = run(f)!;
      return combine([operand], () => vectorUnary(op!, operand) ?? unary(op!, operand) ?? OPAQUE);
    };
  },
  [binaryen.BinaryId]: ({ compile, leaks }, { op, left, right }) => {
    const [one, other] = [compile(left!), compile(right!)];
    return (f) => {
      const [a, b] = [one(f)!, other(f)!];
      if (DIVISIONS.has(op!) && (a === SECRET || b === SECRET)) leaks.division++;
      return combine([a, b], () => vectorBinary(op!, a, b) ?? binary(op!, a, b) ?? OPAQUE);
    };
  },
  [binaryen.SelectId]: ({ compile, leaks }, { condition, ifTrue, ifFalse }) => {
    const [yes, no, check] = [compile(ifTrue!), compile(ifFalse!), compile(condition!)];
    return (f) => {
      const [a, b, test] = [yes(f)!, no(f)!, check(f)!];
      if (test === SECRET) {
        leaks.select++;
        return SECRET;
      }
      return known(test) ? a : b;
    };
  },
  [binaryen.LoadId]: ({ compile, read }, { ptr, offset, bytes, type, isSigned }) => {
    const at = compile(ptr!);
    return (f) => read(at(f), offset!, bytes!, type!, Boolean(isSigned));
  },
  [binaryen.StoreId]: ({ compile, write }, { ptr, offset, bytes, value }) => {
    const [at, run] = [compile(ptr!), compile(value as number)];
    return (f) => {
      const where = at(f);
      write(where, offset!, bytes!, run(f)!);
      return undefined;
    };
  },
  [binaryen.AtomicRMWId]: ({ compile, read, write }, { op, ptr, offset, bytes, type, value }) => {
    const [at, run] = [compile(ptr!), compile(value as number)];
    if (op !== 0) throw new Error('of the atomics only add is modelled');
    const add = type === binaryen.i64 ? binaryen.AddInt64 : binaryen.AddInt32;
    return (f) => {
      const where = at(f);
      const [before, more] = [read(where, offset!, bytes!, type!, false), run(f)!];
      write(
        where,
        offset!,
        bytes!,
        combine([before, more], () => binary(add, before, more)!),
      );
      return before;
    };
  },
  [binaryen.AtomicCmpxchgId]: ({ compile, read, write }, info) => {
    const { ptr, expected, replacement, offset, bytes, type } = info;
    const [at, old, next] = [compile(ptr!), compile(expected!), compile(replacement!)];
    return (f) => {
      const where = at(f);
      const [wanted, value] = [old(f)!, next(f)!];
      const before = read(where, offset!, bytes!, type!, false);
      if (known(before) === known(wanted)) write(where, offset!, bytes!, value);
      return before;
    };
  },
  [binaryen.MemoryCopyId]: ({ compile, copy }, { dest, source, size }) => {
    const [to, from, length] = [compile(dest!), compile(source!), compile(size!)];
    return (f) => void copy(to(f)!, from(f)!, length(f)!);
  },
  [binaryen.MemoryFillId]: ({ compile, fill }, { dest, value, size }) => {
    const [to, what, length] = [compile(dest!), compile(value as number), compile(size!)];
    return (f) => void fill(to(f)!, what(f)!, length(f)!);
  },
  [binaryen.SIMDExtractId]: ({ compile }, { op, vec, index }) => {
    const run = compile(vec!);
    return (f) => {
      const vector = run(f)!;
      return combine([vector], () =>
        op === binaryen.ExtractLaneVecI32x4 && vector instanceof Uint8Array
          ? new DataView(vector.buffer).getInt32(4 * index!, true)
          : OPAQUE,
      );
    };
  },
  [binaryen.SIMDReplaceId]: ({ compile }, { vec, value }) => {
    const [run, lane] = [compile(vec!), compile(value as number)];
    return (f) => combine([run(f)!, lane(f)!], () => OPAQUE);
  },
  [binaryen.SIMDLoadId]: ({ compile, read }, { ptr, offset, op }) => {
    const at = compile(ptr!);
    const bytes = op === binaryen.Load64SplatVec128 ? 8 : 4;
    return (f) => combine([read(at(f), offset!, bytes, binaryen.i64, false)], () => OPAQUE);
  },
  [binaryen.SIMDShuffleId]: opaque,
  [binaryen.SIMDShiftId]: opaque,
  [binaryen.SIMDTernaryId]: opaque,
};
