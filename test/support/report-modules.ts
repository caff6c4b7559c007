import { registerHooks } from 'node:module';

// For `node --import`: writes to stderr what others import of OpenTelemetry, and who does.
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const [, name] = /\/node_modules\/(@opentelemetry\/[^/]+)\//.exec(found.url) ?? [];
    if (name && !context.parentURL?.includes('/@opentelemetry/'))
      process.stderr.write(`loaded ${name} by ${context.parentURL}\n`);
    return found;
  },
});
