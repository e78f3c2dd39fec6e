import { describeTier } from '../tier.contract.ts'
import { createNanoTier } from './nano-tier.ts'

describeTier('nano', async () => ({ tier: createNanoTier(), rows: 120, timeoutMs: 500 }))
