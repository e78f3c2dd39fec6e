import { describeQuestionTier } from '../../src/tier/question-answering.contract.ts'
import { questionTier } from './question-tier.ts'

describeQuestionTier('the tier of tests', async () => ({ tier: questionTier(), rows: 200, timeoutMs: 2000 }))
