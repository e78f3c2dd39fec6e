import { describeExtractionTier } from '../../extraction.contract.ts'
import { createNanoTier } from '../nano-tier.ts'

describeExtractionTier('nano', async () => ({ tier: createNanoTier(), rows: 120, timeoutMs: 5000 }))
