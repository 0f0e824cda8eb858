#!/usr/bin/env node
// Runs on Node 18 and newer before anything is installed: plain JavaScript, built-ins only. docs: CONTRIBUTING.md
import { main } from "./launch/main.mjs";

process.exitCode = await main(process.argv.slice(2), process.env);
