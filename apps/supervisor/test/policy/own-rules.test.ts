import { DEFAULT_RESTART_RULES } from "@flotilla/contracts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { rulesStatus, withOwnRules } from "../../src/policy/own-rules.ts";

const OWN = fc.record(
  {
    crashDelayS: fc.integer({ min: 0, max: 3600 }),
    crashLimit: fc.integer({ min: 1, max: 99 }),
    windowS: fc.integer({ min: 10 }),
    lockDelaysS: fc.array(fc.integer({ min: 0, max: 3600 }), { minLength: 1, maxLength: 10 }),
  },
  { requiredKeys: [] },
);

test("a worker's own rules override the fleet's, field by field", () => {
  fc.assert(
    fc.property(OWN, (own) => {
      const rules = withOwnRules(DEFAULT_RESTART_RULES, own);
      const { own: said, ...shown } = rulesStatus(rules, own);
      expect(said).toEqual(own);
      expect(shown).toEqual({
        crashDelayS: 30,
        crashLimit: 5,
        windowS: 600,
        lockDelaysS: [60, 120],
        ...own,
      });
      expect(rules.stableMs).toBe(rules.windowMs);
      expect(rules).toMatchObject({ jitter: 0.2, firstDelayMs: 1000 });
    }),
  );
  expect(withOwnRules(DEFAULT_RESTART_RULES, {})).toEqual(DEFAULT_RESTART_RULES);
});
