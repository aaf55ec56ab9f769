/* The wire protocol. Nobody else knows where its JavaScript twin is served. */
export * from '/sp.js';
