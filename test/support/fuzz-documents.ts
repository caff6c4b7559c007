import {
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  OperationTypeNode,
} from 'graphql';
import type { Dice } from './fuzz-dice.ts';
import { anyId, oddNumber, oddText, oddValue } from './fuzz-values.ts';

/** What a client sends. */
export interface FuzzedOperation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** What there is to ask for. */
export interface Known {
  readonly schema: GraphQLSchema;
  /** Ids of campaigns, tasks, accounts and providers. */
  readonly ids: readonly string[];
  readonly accounts: readonly string[];
}

const rootTypes = {
  query: OperationTypeNode.QUERY,
  mutation: OperationTypeNode.MUTATION,
  subscription: OperationTypeNode.SUBSCRIPTION,
} as const;

export type OperationKind = keyof typeof rootTypes;

/** How often a value is none that its type takes. */
const shareOfWrongValues = 0.04;

/**
 * An operation that fits the schema, but for a value here and there: any fields, aliases, fragments, directives and
 * arguments, as literals or in variables.
 */
export function anyOperation(dice: Dice, known: Known, kind: OperationKind): FuzzedOperation {
  const { schema } = known;
  const root = schema.getRootType(rootTypes[kind]);
  if (!root) throw new Error(`The schema has no ${kind}.`);
  const definitions: string[] = [];
  const declared: string[] = [];
  const variables: Record<string, unknown> = {};
  let aliases = 0;

  function selection(type: GraphQLCompositeType, depth: number): string {
    const parts = dice.times(1, depth > 3 ? 2 : 3, () => member(type, depth));
    return `{ ${parts.join(' ')} }`;
  }

  function member(type: GraphQLCompositeType, depth: number): string {
    if (dice.chance(0.06)) return `__typename${directives()}`;
    if (dice.chance(0.08) && depth < 6)
      return `...${narrowing(type)}${directives()} ${selection(type, depth + 1)}`;
    if (dice.chance(0.05) && depth < 6) return `...${fragment(type, depth)}${directives()}`;
    if (isUnionType(type)) return '__typename';
    // An object's own fields where only an interface is told.
    const object = isObjectType(type) ? type : (dice.anyOf(schema.getPossibleTypes(type)) ?? type);
    const fields = Object.values(object.getFields()).filter(
      ({ type: below }) => depth < 6 || !isCompositeType(getNamedType(below)),
    );
    const field = dice.anyOf(fields);
    if (!field) return '__typename';
    const text = fieldText(field, depth);
    return object === type ? text : `... on ${object.name} { ${text} }`;
  }

  function fieldText(field: GraphQLField<unknown, unknown>, depth: number): string {
    const named = getNamedType(field.type);
    const args = field.args.filter((argument) => isNonNullType(argument.type) || dice.chance(0.5));
    aliases += 1;
    // The same field with other arguments, or other fields below it, would have to be told apart.
    const alias = isCompositeType(named) || args.length > 0 ? `a${aliases}: ` : '';
    const given = args.length > 0 ? `(${args.map(argumentText).join(', ')})` : '';
    const below = isCompositeType(named) ? ` ${selection(named, depth + 1)}` : '';
    return `${alias}${field.name}${given}${directives()}${below}`;
  }

  function argumentText({ name, type }: GraphQLArgument): string {
    if (dice.chance(0.5)) return `${name}: ${literal(valueFor(type, name))}`;
    const variable = `v${declared.length}`;
    declared.push(`$${variable}: ${type}`);
    variables[variable] = valueFor(type, name);
    return `${name}: $${variable}`;
  }

  function narrowing(type: GraphQLCompositeType): string {
    return dice.chance(0.5) ? ` on ${type.name}` : '';
  }

  function fragment(type: GraphQLCompositeType, depth: number): string {
    const name = `F${definitions.length}`;
    const at = definitions.push('') - 1;
    definitions[at] = `fragment ${name} on ${type.name} ${selection(type, depth + 1)}`;
    return name;
  }

  function directives(): string {
    if (!dice.chance(0.05)) return '';
    return ` @${dice.oneOf(['include', 'skip'])}(if: ${dice.chance(0.7)})`;
  }

  function valueFor(type: GraphQLInputType, name: string): unknown {
    if (dice.chance(shareOfWrongValues)) return oddValue(dice);
    if (isNonNullType(type)) return valueFor(type.ofType, name);
    if (dice.chance(0.05)) return null;
    if (isListType(type)) return dice.times(0, 3, () => valueFor(type.ofType, name));
    if (isEnumType(type)) return new EnumWord(dice.anyOf(type.getValues())?.name ?? '');
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields());
      const only = type.isOneOf ? [dice.anyOf(fields)] : fields;
      const members = only.flatMap((field) =>
        field && (type.isOneOf || isNonNullType(field.type) || dice.chance(0.3))
          ? [[field.name, valueFor(field.type, field.name)]]
          : [],
      );
      return Object.fromEntries(members);
    }
    return scalarFor(type.name, name);
  }

  function scalarFor(type: string, name: string): unknown {
    if (type === 'Boolean') return dice.chance(0.5);
    if (type === 'Int') return dice.chance(0.9) ? 1 + dice.below(20) : oddNumber(dice);
    if (type === 'ID') return anyId(dice, known.ids);
    if (type === 'DateTime') return new Date(1.7e12 + dice.below(1e9) * 100).toISOString();
    if (name === 'account' || name === 'accounts' || name === 'names' || name === 'name')
      return dice.chance(0.8) ? dice.anyOf(known.accounts) : oddText(dice);
    if (name === 'idempotencyKey') return dice.chance(0.8) ? `key ${dice.below(20)}` : oddText(dice);
    if (name === 'externalId') return dice.chance(0.5) ? String(500 + dice.below(10)) : oddText(dice);
    if (name === 'fields') return dice.oneOf(['status', 'stats', 'stats.sent', 'name', 'nothing']);
    return dice.chance(0.7) ? 'Autumn' : oddText(dice);
  }

  const text = selection(root, 1);
  const heading = declared.length > 0 ? `${kind} (${declared.join(', ')})` : kind;
  return { query: [`${heading} ${text}`, ...definitions].join('\n'), variables: plain(variables) };
}

/** A word of an enum: bare in a document, a text in variables. */
class EnumWord {
  readonly word: string;
  constructor(word: string) {
    this.word = word;
  }
  toJSON(): string {
    return this.word;
  }
}

function plain(variables: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(variables));
}

/** A value as GraphQL writes it. */
function literal(value: unknown): string {
  if (value instanceof EnumWord) return value.word;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value).map(([name, member]) => `${name || '_'}: ${literal(member)}`);
  return `{ ${members.join(', ')} }`;
}
