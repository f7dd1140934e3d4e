import { defineEnum } from '../../entity/enums.js'

export enum UsageService {
  CHAT = 'chat',
  COMPLETION = 'completion',
  EMBEDDING = 'embedding',
  IMAGE = 'image',
  AUDIO = 'audio',
  DOCUMENT = 'document',
  SEARCH = 'search',
  AGENT = 'agent',
  OTHER = 'other',
}
defineEnum('UsageService', UsageService, 'What kind of work a use was.', {
  CHAT: 'A turn of a conversation.',
  COMPLETION: 'A text completed.',
  EMBEDDING: 'Text turned into vectors.',
  IMAGE: 'Pictures.',
  AUDIO: 'Sound.',
  DOCUMENT: 'A document processed.',
  SEARCH: 'A search.',
  AGENT: 'A step of an agent.',
  OTHER: 'Anything else.',
})

export enum UsageSource {
  WEB_INTERFACE = 'web_interface',
  API = 'api',
  SDK = 'sdk',
  IMPORT = 'import',
  PROXY = 'proxy',
  BROWSER_EXTENSION = 'browser_extension',
  SYSTEM = 'system',
}
defineEnum('UsageSource', UsageSource, 'By which way an event reached us.', {
  WEB_INTERFACE: 'A web page.',
  API: 'A call of this API.',
  SDK: 'A library in the caller’s program.',
  IMPORT: 'A file.',
  PROXY: 'A proxy between the caller and the provider.',
  BROWSER_EXTENSION: 'An extension of a browser.',
  SYSTEM: 'The platform itself.',
})

export enum CostSource {
  PRICED = 'priced',
  OVERRIDE = 'override',
  UNPRICED = 'unpriced',
}
defineEnum('CostSource', CostSource, 'Where a cost comes from.', {
  PRICED: 'The list price in force.',
  OVERRIDE: 'A price the organization negotiated.',
  UNPRICED: 'No price is known.',
})
