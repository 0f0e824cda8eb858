// expect: format
export const   spaced = 'out' ;
