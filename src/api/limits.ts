import {
  getNamedType,
  GraphQLError,
  isObjectType,
  Kind,
  type ASTVisitor,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import { MAX_PAGE } from './cursor.ts';

/** How large a document may be. The same on HTTP and on ws. */
export const MAX_TOKENS = 15_000;
/** Far above what the depth and 64 levels of a JSON value need. */
const MAX_NESTING = 200;
export const BOUNDS = { depth: 12, aliases: 50, directives: 50, cost: 50_000 } as const;

type Size = { depth: number; aliases: number; directives: number; cost: number };

/**
 * Why a text is not even parsed; undefined where it may be. The parser and the rules are recursive: nesting alone, within
 * the tokens allowed, would bring them to the end of the stack.
 */
export function nestingError(text: unknown): GraphQLError | undefined {
  if (typeof text !== 'string') return undefined;
  let levels = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    // What stands in a text or a comment is no bracket.
    if (char === '"') at = endOfText(text, at);
    else if (char === '#') at = endOfLine(text, at);
    else if (OPEN.includes(char)) levels += 1;
    else if (CLOSE.includes(char)) levels -= 1;
    if (levels > MAX_NESTING)
      return new GraphQLError(`the document is nested more than ${MAX_NESTING} levels deep`, { extensions: { code: 'BAD_USER_INPUT' } });
  }
  return undefined;
}

const OPEN = '{[(';
const CLOSE = '}])';

/** Where the text that begins there ends: with its quotes, else with its line, a block with the document. */
function endOfText(text: string, start: number): number {
  if (text.startsWith('"""', start)) {
    let end = text.indexOf('"""', start + 3);
    while (end >= 0 && text[end - 1] === '\\') end = text.indexOf('"""', end + 3);
    return end < 0 ? text.length : end + 2;
  }
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"' || text[at] === '\n') return at;
    if (text[at] === '\\') at += 1;
  }
  return text.length;
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}

/** Refuses a document that is too deep, too wide or could answer with too many objects. Fragments count wherever they are spread. */
export const sizeRule: ValidationRule = (context: ValidationContext): ASTVisitor => ({
  OperationDefinition(operation) {
    // What reads the schema reads nothing else.
    if (operation.selectionSet.selections.every((selection) => selection.kind === Kind.FIELD && selection.name.value.startsWith('__')))
      return;
    const root = context.getSchema().getRootType(operation.operation)?.name;
    const size = measure(operation.selectionSet, root, context, new Map(), new Set());
    for (const [bound, most] of Object.entries(BOUNDS) as [keyof Size, number][]) {
      if (size[bound] > most) {
        context.reportError(
          new GraphQLError(
            `the document has ${bound} ${size[bound]}, ${most} is allowed; ask in several requests, or for smaller pages (first)`,
            { nodes: operation, extensions: { code: 'BAD_USER_INPUT' } },
          ),
        );
      }
    }
  },
});

/** cost: how many fields the answer can have; a list that takes `first` counts that often, any other list not at all. */
function measure(
  set: SelectionSetNode,
  typeName: string | undefined,
  context: ValidationContext,
  known: Map<FragmentDefinitionNode, Size>,
  open: Set<FragmentDefinitionNode>,
): Size {
  const sum: Size = { depth: 0, aliases: 0, directives: 0, cost: 0 };
  const add = (size: Size, levels: number, times: number): void => {
    sum.depth = Math.max(sum.depth, size.depth + levels);
    sum.aliases += size.aliases;
    sum.directives += size.directives;
    sum.cost += times * size.cost;
  };
  const type = typeName === undefined ? undefined : context.getSchema().getType(typeName);
  const fields = isObjectType(type) ? type.getFields() : {};
  for (const selection of set.selections) {
    sum.directives += selection.directives?.length ?? 0;
    if (selection.kind === Kind.FIELD) {
      if (selection.alias) sum.aliases += 1;
      sum.cost += 1;
      if (!selection.selectionSet) {
        sum.depth = Math.max(sum.depth, 1);
        continue;
      }
      const field = fields[selection.name.value];
      add(measure(selection.selectionSet, field && getNamedType(field.type).name, context, known, open), 1, timesOf(selection, field));
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      add(measure(selection.selectionSet, selection.typeCondition?.name.value ?? typeName, context, known, open), 0, 1);
    } else {
      const fragment = context.getFragment(selection.name.value);
      // A cycle is another rule's to report.
      if (!fragment || open.has(fragment)) continue;
      open.add(fragment);
      const size = known.get(fragment) ?? measure(fragment.selectionSet, fragment.typeCondition.name.value, context, known, open);
      known.set(fragment, size);
      open.delete(fragment);
      add(size, 0, 1);
    }
  }
  return sum;
}

/** How many of a field's objects there can be: its page, as asked for or by default; a variable may be the longest. */
function timesOf(selection: FieldNode, field: GraphQLField<unknown, unknown> | undefined): number {
  const page = field?.args.find(({ name }) => name === 'first');
  if (!page) return 1;
  const first = selection.arguments?.find(({ name }) => name.value === 'first')?.value;
  if (first === undefined) return Number(page.defaultValue ?? MAX_PAGE);
  return first.kind === Kind.INT ? Math.min(Math.max(Number(first.value), 1), MAX_PAGE) : MAX_PAGE;
}
