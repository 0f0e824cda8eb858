// expect: lint/correctness/useImportExtensions
import { anything } from "./any";

export const again = anything;
