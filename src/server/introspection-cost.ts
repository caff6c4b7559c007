import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  introspectionFromSchema,
  Kind,
  type SelectionSetNode,
} from 'graphql';

/** What introspection tells of a schema: of all of it, and of each type by its name. */
interface Told {
  readonly whole: object;
  readonly types: ReadonlyMap<string, object>;
}

/** Of a field: long texts, all of them told in one go, during which nobody else is heard. */
const fieldCost = 3;

const toldOf = new WeakMap<GraphQLSchema, Told>();

/**
 * What `__schema` or `__type` costs, by the number of fields that it is answered with. Its lists can't be reckoned to be of one length (one
 * type has a hundred fields, another none), so they are gone through: each selection once for each thing that it is asked of.
 * @param type the name that `__type` is asked with; null for `__schema`
 * @param most once it costs more, it is counted no further
 */
export function introspectionCost(
  schema: GraphQLSchema,
  { selectionSet }: FieldNode,
  type: unknown,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  most: number,
): number {
  const { whole, types } = toldOf.get(schema) ?? tell(schema);
  const costs = new Map<SelectionSetNode, Map<object, number>>();
  const following = new Set<string>();
  let counted = 0;

  function ofThing(selectionSet: SelectionSetNode, thing: object): number {
    const known = costs.get(selectionSet) ?? new Map<object, number>();
    costs.set(selectionSet, known);
    let cost = known.get(thing);
    if (cost !== undefined) return cost;
    cost = 0;
    for (const selection of selectionSet.selections) {
      if (counted > most) break;
      if (selection.kind === Kind.FIELD) cost += ofField(selection, thing);
      else if (selection.kind === Kind.INLINE_FRAGMENT) cost += ofThing(selection.selectionSet, thing);
      else cost += ofFragment(selection.name.value, thing);
    }
    known.set(thing, cost);
    return cost;
  }

  function ofFragment(name: string, thing: object): number {
    const fragment = fragments.get(name);
    // A circle of fragments ends here; validation refuses it.
    if (!fragment || following.has(name)) return 0;
    following.add(name);
    const cost = ofThing(fragment.selectionSet, thing);
    following.delete(name);
    return cost;
  }

  function ofField({ name, selectionSet }: FieldNode, thing: object): number {
    counted += fieldCost;
    if (!selectionSet) return fieldCost;
    const value: unknown = Reflect.get(thing, name.value);
    let cost = fieldCost;
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one === 'object' && one !== null) cost += ofThing(selectionSet, typeOr(one));
    }
    return cost;
  }

  /** Where a type is referred to, it is told by its name alone. */
  function typeOr(thing: object): object {
    return ('kind' in thing && 'name' in thing && types.get(String(thing.name))) || thing;
  }

  const start = type === null ? whole : types.get(String(type));
  return selectionSet && start ? fieldCost + ofThing(selectionSet, start) : fieldCost;
}

function tell(schema: GraphQLSchema): Told {
  const { __schema: whole } = introspectionFromSchema(schema, { inputValueDeprecation: true });
  const told = { whole, types: new Map(whole.types.map((type) => [type.name, type])) };
  toldOf.set(schema, told);
  return told;
}
