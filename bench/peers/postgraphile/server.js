import { createServer } from 'node:http'
import { postgraphile } from 'postgraphile'
import { TYPES } from 'postgraphile/@dataplan/pg'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { pgSmartTags } from 'postgraphile/utils'
import { announce, schemaOf } from '../announce.js'

/**
 * PostGraphile 5 over the gateway's tables: `node server.js <settings as JSON>` with `{ gatewayUrl, template }`. Its
 * schema is read from one organization (`template`); tables are named without schema, and each request sets search
 * path and role from its tenant header. No row of a tenant may reference the shared catalogue by a foreign key, so a
 * smart tag tells that relation.
 */
const { gatewayUrl, template } = JSON.parse(process.argv[2])

const tools = pgSmartTags([
  {
    kind: 'class',
    match: 'usage_events',
    tags: { foreignKey: '(tool_id) references public.tool_catalog (id)|@fieldName tool' },
  },
])

/** PostGraphile knows no transaction ids, and there are columns of that type in tables it is not asked for. */
const transactionIds = {
  name: 'TransactionIdsPlugin',
  gather: {
    hooks: {
      pgCodecs_findPgCodec(_info, event) {
        if (event.pgType.typname === 'xid8') event.pgCodec = TYPES.bigint
      },
    },
  },
}

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [tools, transactionIds],
  gather: { pgIdentifiers: 'unqualified' },
  pgServices: [
    makePgService({
      connectionString: gatewayUrl,
      poolConfig: { max: 10, application_name: 'bench postgraphile' },
      schemas: [template, 'public', 'comparison'],
      pgSettingsForIntrospection: { role: template },
    }),
  ],
  grafast: {
    context: ({ node }) => {
      const schema = schemaOf(node.req)
      return { pgSettings: { search_path: `${schema}, public, comparison`, role: schema } }
    },
  },
  grafserv: { graphiql: false, watch: false },
}

const server = createServer()
await postgraphile(preset).createServ(grafserv).addTo(server)
await announce(server)
