import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** What can be said of a document without a schema and without variables. */
export interface DocumentShape {
  /** Fields below one another in its deepest operation, fragments followed; introspection counts as one field. */
  readonly depth: number;
  /** Aliases, and fields that stand in one selection more than once: both ask for the same thing again. */
  readonly aliases: number;
  /** Whether it asks for `__schema` or `__type`. */
  readonly introspects: boolean;
}

export const introspectionFields: ReadonlySet<string> = new Set(['__schema', '__type']);

/** Looks at every node once, however often its fragment is used. */
export function shapeOf(document: DocumentNode): DocumentShape {
  const fragments = fragmentsOf(document);
  const depths = new Map<string, number>();
  let aliases = 0;
  let introspects = false;

  function depthOf({ selections }: SelectionSetNode, names = new Set<string>()): number {
    // Not Math.max(...): a selection can have more members than a call may have arguments.
    let deepest = 0;
    for (const selection of selections) deepest = Math.max(deepest, depthOfSelection(selection, names));
    return deepest;
  }

  function depthOfSelection(selection: SelectionNode, names: Set<string>): number {
    if (selection.kind === Kind.INLINE_FRAGMENT) return depthOf(selection.selectionSet, names);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return depthOfFragment(selection.name.value);
    const { name, alias, selectionSet } = selection;
    if (alias || names.has(name.value)) aliases += 1;
    if (!alias) names.add(name.value);
    const below = selectionSet ? depthOf(selectionSet) : 0;
    // The standard introspection query follows `ofType` nine times; graphql itself bounds what could grow there.
    if (!introspectionFields.has(name.value)) return 1 + below;
    introspects = true;
    return 1;
  }

  function depthOfFragment(name: string): number {
    const known = depths.get(name);
    if (known !== undefined) return known;
    // A circle of fragments ends here; validation refuses it.
    depths.set(name, 0);
    const fragment = fragments.get(name);
    const depth = fragment ? depthOf(fragment.selectionSet) : 0;
    depths.set(name, depth);
    return depth;
  }

  let depth = 0;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) depthOfFragment(definition.name.value);
    if (definition.kind === Kind.OPERATION_DEFINITION)
      depth = Math.max(depth, depthOf(definition.selectionSet));
  }
  return { depth, aliases, introspects };
}

/** The fragments of a document by their names; of several with one name, which validation refuses, the last. */
export function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  return fragments;
}
