import type { Command } from 'commander'
import type pg from 'pg'
import { AppError } from '../../errors.js'
import type { TenantId } from '../../tenancy/tenant-id.js'
import { define, type Invocation, type OnExit } from '../command-context.js'
import { connected } from '../connect.js'
import { durationOption, tenantOption } from '../options.js'

interface TokenOptions {
  readonly email: string
  readonly org?: TenantId
  readonly expiresIn: number
}

/** `orgscope token …`: credentials of people, for demo mode and tests. */
export function addTokenCommands(program: Command, invocation: Invocation, onExit: OnExit): void {
  const token = program.command('token').description("sign tokens with the installation's own key")
  const command = token
    .command('create')
    .description('sign a token for a person; gateways in demo mode on the same data directory accept it')
    .requiredOption('--email <address>', "the person's e-mail address")
    .option('--org <id>', 'the only organization the token is good for', tenantOption)
    .option('--expires-in <time>', 'how long it is good: 90s, 15m, 8h, 30d', durationOption, 3_600)
  define<TokenOptions>(command, invocation, onExit, {
    examples: [
      'orgscope token create --email jane.smith@techcorp.example',
      'TOKEN=$(orgscope token create --email jane.smith@techcorp.example --org techcorp --expires-in 8h)',
    ],
    work: async (context, { email, org, expiresIn }) => {
      const identityId = await connected(context, (connection) => findIdentity(connection.admin(), email))
      // Loaded when it is needed: it brings cryptography.
      const { LocalIssuer } = await import('../../http/authentication/local-issuer.js')
      const issuer = await LocalIssuer.open(context.config().dataDirectory)
      const signed = await issuer.sign({ identityId, tenant: org, expiresIn })
      const expiresAt = new Date(Date.now() + expiresIn * 1_000).toISOString()
      context.terminal.result({ token: signed, identityId, organization: org ?? null, expiresAt }, signed)
      context.terminal.say(`Good until ${expiresAt}, for gateways started with serve --demo.`)
    },
  })
}

async function findIdentity(admin: pg.Pool, email: string): Promise<string> {
  const { rows } = await admin.query<{ id: string }>(
    `/* cli.identity */ select id from public.identities
     where lower(email) = lower($1) and is_active and deleted_at is null`,
    [email],
  )
  if (rows[0] !== undefined) return rows[0].id
  throw new AppError('NOT_FOUND', `There is no active account with the e-mail address ${email}.`, { email })
}
