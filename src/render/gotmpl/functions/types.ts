/** The types of what Consul is asked for, as a template sees them with %T. */
export const SERVICES = '[]*dependency.HealthService'
export const SNIPPETS = '[]*dependency.CatalogSnippet'
export const PAIRS = '[]*dependency.KeyPair'
