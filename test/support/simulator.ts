import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';

/** The simulated providers, without campaigns of their own, and so generous that no poll has to wait for their limits. */
export function startGenerousSimulator(
  options: Parameters<typeof startSimulator>[0] = {},
): Promise<Simulator> {
  const callsPerMinute = 1_000_000;
  return startSimulator({
    campaigns: 0,
    selzyCallsPerMinute: callsPerMinute,
    appizerCallsPerMinute: callsPerMinute,
    ...options,
  });
}
