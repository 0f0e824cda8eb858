// expect: lint/suspicious/noConsole
console.log("seen by nobody");
