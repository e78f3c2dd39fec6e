/** What audits have shown of a specialist, out of the checks that are kept: for people, cards and the admin API. */
import type { AuditFigures, AuditTerms, CheckedCall } from './audit-record.ts'
import { auditRecord } from './audit-record.ts'

export interface AuditReportTerms {
  readonly certificate: AuditTerms
  /** When the specialist was promoted: checks of before belong to an earlier life. */
  readonly sinceMs: number
}

/** Reads the checks of a specialist, in the order in which they were kept. */
export async function auditReport(
  checks: AsyncIterable<CheckedCall & { readonly atMs: number }>,
  { certificate, sinceMs }: AuditReportTerms,
): Promise<AuditFigures> {
  const record = auditRecord(certificate)
  for await (const check of checks) if (check.atMs >= sinceMs) record.add(check)
  return record.figures()
}
