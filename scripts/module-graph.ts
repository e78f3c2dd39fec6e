/** What each module exports and what it takes from which other, read from the syntax alone: no type is worked out. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import ts from 'typescript'

export interface ExportedName {
  readonly name: string
  readonly line: number
  /** Interfaces and type aliases, which other exports of the file may name. */
  readonly isType: boolean
  /** Times the name stands elsewhere in its own file. */
  readonly ownUses: number
}

/** Names taken from another module; `'all'` where the syntax does not say which. */
export interface Use {
  readonly target: string
  readonly names: readonly string[] | 'all'
}

export interface SourceModule {
  /** Relative to the root, with `/`. */
  readonly path: string
  readonly source: ts.SourceFile
  readonly exports: readonly ExportedName[]
  readonly uses: readonly Use[]
  /** Names of packages that are imported; built-in modules with their `node:`. */
  readonly packages: readonly string[]
}

/** All TypeScript modules in these folders of `root`. */
export function readModules(root: string, folders: readonly string[]): readonly SourceModule[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(folder, name),
      ),
    )
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .sort()
    .map((path) => readModule(root, path))
}

function readModule(root: string, path: string): SourceModule {
  const source = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest)
  const uses: Use[] = []
  const packages: string[] = []
  const counts = new Map<string, number>()
  const use = (specifier: ts.Node | undefined, names: Use['names']): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return
    const text = specifier.text
    if (text.startsWith('.'))
      uses.push({
        target: relative(root, resolve(root, dirname(path), text))
          .split(sep)
          .join('/'),
        names,
      })
    else if (!/^[a-z]+:\/\//.test(text)) packages.push(packageOf(text))
  }
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) counts.set(node.text, (counts.get(node.text) ?? 0) + 1)
    if (ts.isImportDeclaration(node)) use(node.moduleSpecifier, importedNames(node.importClause))
    else if (ts.isExportDeclaration(node)) use(node.moduleSpecifier, reexportedNames(node))
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      use(node.argument.literal, typeNames(node.qualifier))
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      use(node.arguments[0], 'all')
    else if (isRelativeUrl(node)) use(node.arguments?.[0], 'all')
    ts.forEachChild(node, visit)
  }
  visit(source)
  const exports = source.statements.flatMap(exportsOf).map(({ identifier, isType }) => ({
    name: identifier.text,
    line: source.getLineAndCharacterOfPosition(identifier.getStart(source)).line + 1,
    isType,
    ownUses: counts.get(identifier.text)! - 1,
  }))
  return { path: path.split(sep).join('/'), source, exports, uses, packages }
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function importedNames(clause: ts.ImportClause | undefined): Use['names'] {
  const bindings = clause?.namedBindings
  if (bindings !== undefined && ts.isNamespaceImport(bindings)) return 'all'
  const named = bindings?.elements.map((element) => (element.propertyName ?? element.name).text) ?? []
  return clause?.name === undefined ? named : ['default', ...named]
}

function reexportedNames({ exportClause }: ts.ExportDeclaration): Use['names'] {
  if (exportClause === undefined || !ts.isNamedExports(exportClause)) return 'all'
  return exportClause.elements.map((element) => (element.propertyName ?? element.name).text)
}

function typeNames(qualifier: ts.EntityName | undefined): Use['names'] {
  if (qualifier === undefined) return 'all'
  return ts.isIdentifier(qualifier) ? [qualifier.text] : typeNames(qualifier.left)
}

/** `new URL('./name.ts', …)`: how workers and data files are named. */
function isRelativeUrl(node: ts.Node): node is ts.NewExpression {
  return ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'URL'
}

interface Declared {
  readonly identifier: ts.Identifier
  readonly isType: boolean
}

function exportsOf(statement: ts.Statement): readonly Declared[] {
  if (ts.isExportDeclaration(statement)) {
    const clause = statement.exportClause
    if (clause === undefined || !ts.isNamedExports(clause)) return []
    return clause.elements.flatMap(({ name }) =>
      ts.isIdentifier(name) ? [{ identifier: name, isType: true }] : [],
    )
  }
  const isExported =
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  if (!isExported) return []
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) =>
      ts.isIdentifier(name) ? [{ identifier: name, isType: false }] : [],
    )
  }
  if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
    return [{ identifier: statement.name, isType: true }]
  }
  const isNamed =
    (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name !== undefined
  return isNamed ? [{ identifier: statement.name!, isType: false }] : []
}
