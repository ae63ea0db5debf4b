import { closest, distance } from 'fastest-levenshtein'
import { z } from 'zod'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** What is wrong, key by key; `where` says in which line of which file a key stands. */
export function describeIssues(schema: z.ZodType, error: z.ZodError, where: (path: Path) => string = () => ''): string {
  return error.issues
    .flatMap(issue => problemsOf(schema, issue, []))
    .map(({ path, at, what }) => `${where(at)}${path.length > 0 ? `${path.join('.')}: ` : ''}${what}`)
    .join('; ')
}

interface Problem {
  readonly path: Path
  readonly at: Path // where it stands: for an unknown key the key itself
  readonly what: string
}

function problemsOf(schema: z.ZodType, issue: Issue, around: Path): Problem[] {
  const path = [...around, ...issue.path]
  if (issue.code === 'invalid_union') {
    const branch = likeliest(issue.errors)
    if (branch !== undefined) return branch.flatMap(inner => problemsOf(schema, inner, path))
  }
  if (issue.code !== 'unrecognized_keys') return [{ path, at: path, what: issue.message }]
  const known = keysAt(schema, path)
  return issue.keys.map(key => ({ path, at: [...path, key], what: `unknown key "${key}"${suggestion(key, known)}` }))
}

/** Of a choice between a text and a block: what people meant is the one whose type fits, or that has words of its own. */
function likeliest(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const fitting = branches.find(issues => issues.some(({ code, path }) => code !== 'invalid_type' || path.length > 0))
  return fitting ?? branches.find(issues => issues.some(({ code }) => code === 'custom'))
}

/** What the block at this path may hold. */
function keysAt(schema: z.ZodType, path: Path): string[] {
  let found: unknown = bare(schema)
  for (const part of path) {
    if (found instanceof z.ZodObject) found = bare(found.shape[part as string])
    else if (found instanceof z.ZodArray) found = bare(found.element)
  }
  return found instanceof z.ZodObject ? Object.keys(found.shape) : []
}

/** Without what is said around it: defaults, transforms, that it may be missing, or a text in its place. */
export function bare(schema: unknown): unknown {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodOptional)
    return bare(schema.unwrap())
  if (schema instanceof z.ZodPipe) return bare(schema.in)
  if (schema instanceof z.ZodUnion)
    return schema.options.map(bare).find(option => option instanceof z.ZodObject) ?? schema
  return schema
}

/** ` (did you mean "x"?)` when something is near enough. */
function suggestion(word: string, known: readonly string[]): string {
  if (known.length === 0) return ''
  const nearest = closest(word, known)
  return distance(word, nearest) <= Math.max(2, word.length / 3) ? ` (did you mean "${nearest}"?)` : ''
}
