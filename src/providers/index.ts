import { appizer } from './appizer/index.ts';
import { bsg } from './bsg/index.ts';
import { octeth } from './octeth/index.ts';
import type { Provider } from './provider.ts';
import { selzy } from './selzy/index.ts';

/** Every provider there is. A further one is a folder beside these and a line here. */
export const providers: readonly Provider[] = [selzy, bsg, octeth, appizer];
