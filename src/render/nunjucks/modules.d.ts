// Internal modules of nunjucks without published types; internals.ts gives them their shapes.
declare module 'nunjucks/src/*' {
  const exports: unknown
  export default exports
}
