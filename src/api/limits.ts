import { GraphQLError, Kind, type ASTVisitor, type FragmentDefinitionNode, type SelectionSetNode, type ValidationContext, type ValidationRule } from 'graphql';
import { MAX_PAGE } from './cursor.ts';

/** How large a document may be. The same on HTTP and on ws. */
export const MAX_TOKENS = 15_000;
export const BOUNDS = { depth: 12, aliases: 50, directives: 50, cost: 50_000 } as const;

type Size = { depth: number; aliases: number; directives: number; cost: number };

/** Refuses a document that is too deep, too wide or could answer with too many objects. Fragments count wherever they are spread. */
export const sizeRule: ValidationRule = (context: ValidationContext): ASTVisitor => ({
  OperationDefinition(operation) {
    // What reads the schema reads nothing else.
    if (operation.selectionSet.selections.every((selection) => selection.kind === Kind.FIELD && selection.name.value.startsWith('__'))) return;
    const size = measure(operation.selectionSet, context, new Map(), new Set());
    for (const [bound, most] of Object.entries(BOUNDS) as [keyof Size, number][]) {
      if (size[bound] > most) {
        context.reportError(new GraphQLError(`the document has ${bound} ${size[bound]}, ${most} is allowed; ask in several requests, or for smaller pages (first)`, { nodes: operation, extensions: { code: 'BAD_USER_INPUT' } }));
      }
    }
  },
});

/** cost: how many fields the answer can have; a list that says `first` counts that often, any other list not at all. */
function measure(set: SelectionSetNode, context: ValidationContext, known: Map<FragmentDefinitionNode, Size>, open: Set<FragmentDefinitionNode>): Size {
  const sum: Size = { depth: 0, aliases: 0, directives: 0, cost: 0 };
  const add = (size: Size, levels: number, times: number): void => {
    sum.depth = Math.max(sum.depth, size.depth + levels);
    sum.aliases += size.aliases;
    sum.directives += size.directives;
    sum.cost += times * size.cost;
  };
  for (const selection of set.selections) {
    sum.directives += selection.directives?.length ?? 0;
    if (selection.kind === Kind.FIELD) {
      if (selection.alias) sum.aliases += 1;
      sum.cost += 1;
      if (!selection.selectionSet) {
        sum.depth = Math.max(sum.depth, 1);
        continue;
      }
      const first = selection.arguments?.find((argument) => argument.name.value === 'first')?.value;
      const times = first === undefined ? 1 : first.kind === Kind.INT ? Math.min(Math.max(Number(first.value), 1), MAX_PAGE) : MAX_PAGE;
      add(measure(selection.selectionSet, context, known, open), 1, times);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      add(measure(selection.selectionSet, context, known, open), 0, 1);
    } else {
      const fragment = context.getFragment(selection.name.value);
      // A cycle is another rule's to report.
      if (!fragment || open.has(fragment)) continue;
      open.add(fragment);
      const size = known.get(fragment) ?? measure(fragment.selectionSet, context, known, open);
      known.set(fragment, size);
      open.delete(fragment);
      add(size, 0, 1);
    }
  }
  return sum;
}
