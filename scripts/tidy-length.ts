/** Files and functions that are longer than a reader should have to scroll. */
import ts from 'typescript'
import type { SourceModule } from './module-graph.ts'
import { isTest } from './tidy-dead.ts'

export const mostFileLines = 300
export const mostFunctionLines = 70

/** Sentences about files of more than 300 lines that are not excepted, and about exceptions that are no longer needed. */
export function longFiles(
  modules: readonly SourceModule[],
  exceptions: Readonly<Record<string, string>>,
): readonly string[] {
  const isLong = ({ source }: SourceModule): boolean => lineCount(source) > mostFileLines
  const long = modules.filter(isLong)
  const unneeded = Object.keys(exceptions).filter((path) => !long.some((module) => module.path === path))
  return [
    ...long
      .filter(({ path }) => !Object.hasOwn(exceptions, path))
      .map(
        ({ path, source }) =>
          `${path}: ${lineCount(source)} lines, at most ${mostFileLines}. Divide it by ideas.`,
      ),
    ...unneeded.map(
      (path) => `${path}: is excepted from the length of files in scripts/tidy.ts and need not be.`,
    ),
  ]
}

/** Sentences about functions of more than 70 lines; test suites are not functions to be read whole. */
export function longFunctions(modules: readonly SourceModule[]): readonly string[] {
  return modules
    .filter(({ path }) => !isTest(path))
    .flatMap(({ path, source }) => {
      const problems: string[] = []
      const visit = (node: ts.Node): void => {
        if (ts.isFunctionLike(node)) {
          const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line
          const lines = source.getLineAndCharacterOfPosition(node.end).line - first + 1
          const name = node.name === undefined ? 'a function' : node.name.getText(source)
          if (lines > mostFunctionLines) {
            problems.push(
              `${path}:${first + 1}: ${name} has ${lines} lines, at most ${mostFunctionLines}. Divide it.`,
            )
          }
        }
        ts.forEachChild(node, visit)
      }
      visit(source)
      return problems
    })
}

function lineCount(source: ts.SourceFile): number {
  const lines = source.getLineStarts().length
  return source.text.endsWith('\n') ? lines - 1 : lines
}
