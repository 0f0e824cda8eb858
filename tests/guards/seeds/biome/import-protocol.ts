// expect: lint/style/useNodejsImportProtocol
import { readFileSync } from "fs";

export const read = readFileSync;
