// expect: lint/suspicious/noConsole
console.log("a forbidden line");
