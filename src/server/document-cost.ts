import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  getOperationAST,
  isCompositeType,
  isListType,
  Kind,
  OperationTypeNode,
  type SelectionNode,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql';
import { fragmentsOf, introspectionFields } from './document-shape.ts';
import { introspectionCost } from './introspection-cost.ts';

/** What is to be run. Variables may be anything: what is wrong with them, the execution tells. */
export interface CostedOperation {
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** What a selection costs once, and what it costs for each item of the list that it lies in. */
interface Cost {
  readonly once: number;
  readonly perItem: number;
}

/** What is looked up, and not just told: a field that takes arguments. Every other field costs 1. */
const lookupCost = 50;
/** Arguments that say how many items a list has, and how many it has without them (contract: "Lists give 50"). */
const sizeArguments = ['first', 'last', 'points'];
const usualSize = 50;
const largestSize = 500;
/** For how many a list is reckoned that nobody can ask the size of, such as a campaign's actions. */
const assumedSize = 5;

const nothing: Cost = { once: 0, perItem: 0 };

/**
 * What an operation may cost: about the number of fields that its answer has, where every list is as long as was asked.
 * A subscription costs what one of its events does. Each node is looked at once, however often its fragment is used.
 * @param most if it costs more, how much more need not be told
 * @returns 0 where there is no such operation; fields and types that the schema lacks cost next to nothing
 */
export function costOf(
  schema: GraphQLSchema,
  { document, operationName, variables }: CostedOperation,
  most = Number.POSITIVE_INFINITY,
): number {
  const operation = getOperationAST(document, operationName);
  const rootType = operation && schema.getRootType(operation.operation);
  if (!operation || !rootType) return 0;
  const isMutation = operation.operation === OperationTypeNode.MUTATION;
  const fragments = fragmentsOf(document);
  const costs = new Map<string, Cost>();
  const given: Record<string, unknown> = { ...variables };
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    if (defaultValue && given[variable.name.value] === undefined)
      given[variable.name.value] = valueFromASTUntyped(defaultValue);
  }

  function ofSelections({ selections }: SelectionSetNode, type: GraphQLCompositeType): Cost {
    let once = 0;
    let perItem = 0;
    for (const selection of selections) {
      const cost = ofSelection(selection, type);
      once += cost.once;
      perItem += cost.perItem;
    }
    return { once, perItem };
  }

  function ofSelection(selection: SelectionNode, type: GraphQLCompositeType): Cost {
    if (selection.kind === Kind.FIELD) return ofField(selection, type);
    if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value);
    const { typeCondition, selectionSet } = selection;
    const narrowed = typeCondition ? schema.getType(typeCondition.name.value) : type;
    return isCompositeType(narrowed) ? ofSelections(selectionSet, narrowed) : nothing;
  }

  function ofFragment(name: string): Cost {
    const known = costs.get(name);
    if (known) return known;
    // A circle of fragments ends here; validation refuses it.
    costs.set(name, nothing);
    const fragment = fragments.get(name);
    const type = fragment && schema.getType(fragment.typeCondition.name.value);
    const cost = isCompositeType(type) && fragment ? ofSelections(fragment.selectionSet, type) : nothing;
    costs.set(name, cost);
    return cost;
  }

  function ofField(node: FieldNode, parent: GraphQLCompositeType): Cost {
    const field = schema.getField(parent, node.name.value);
    if (!field) return { once: 1, perItem: 0 };
    if (introspectionFields.has(field.name)) {
      const type = field.name === '__type' ? argument(node, 'name') : null;
      return { once: introspectionCost(schema, node, type, fragments, most), perItem: 0 };
    }
    const isLookup = field.args.length > 0;
    const named = getNamedType(field.type);
    const size = isLookup ? sizeOf(field, node) : null;
    const ids = isLookup && (isMutation || size !== null) ? idCount(node) : null;
    const own = (isLookup ? lookupCost : 1) * (isMutation ? (ids ?? 1) : 1);
    if (!node.selectionSet || !isCompositeType(named)) return { once: own, perItem: 0 };
    const below = ofSelections(node.selectionSet, named);
    if (!isListType(getNullableType(field.type))) {
      // Of a page, `nodes` and `edges` are the lists whose size was asked for.
      const items = Math.min(size ?? assumedSize, ids ?? largestSize);
      return { once: own + below.once + items * below.perItem, perItem: 0 };
    }
    const ofItem = below.once + assumedSize * below.perItem;
    return size === null ? { once: own, perItem: ofItem } : { once: own + size * ofItem, perItem: 0 };
  }

  function sizeOf({ args }: GraphQLField<unknown, unknown>, node: FieldNode): number | null {
    const sizes = args.filter(({ name }) => sizeArguments.includes(name));
    if (sizes.length === 0) return null;
    for (const { name } of sizes) {
      const size = argument(node, name);
      if (typeof size === 'number') return Math.max(0, Math.min(size, largestSize));
    }
    const literal = sizes[0]?.default?.literal;
    return literal ? Number(valueFromASTUntyped(literal)) : usualSize;
  }

  /** How many ids are named, by the argument or in the filter or input; null if none are. */
  function idCount(node: FieldNode): number | null {
    for (const holder of [argument(node, 'filter'), argument(node, 'input')]) {
      const ids = typeof holder === 'object' && holder !== null && 'ids' in holder ? holder.ids : null;
      if (Array.isArray(ids) && ids.length > 0) return ids.length;
    }
    return null;
  }

  function argument({ arguments: all }: FieldNode, name: string): unknown {
    const value = all?.find((one) => one.name.value === name)?.value;
    return value && valueFromASTUntyped(value, given);
  }

  const { once, perItem } = ofSelections(operation.selectionSet, rootType);
  return once + assumedSize * perItem;
}
