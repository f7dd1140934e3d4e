import DataLoader from 'dataloader'
import type { GraphQLResolveInfo } from 'graphql'
import type { OperationContext } from './operation-context.js'
import { selectionOf } from './selection.js'

type Load = (keys: readonly string[]) => Promise<readonly unknown[]>

/**
 * The loader of one place in a document; all keys of a tick go into one load. Places that ask for the same share it, as
 * those of the events that a subscription delivers do.
 *
 * @param what - names what is loaded: besides what is selected, all that `load` depends on
 */
export function loaderAt(
  { loaders }: OperationContext,
  info: GraphQLResolveInfo,
  what: () => string,
  makeLoad: () => Load,
): DataLoader<string, unknown> {
  const atPlace = loaders.get(info.fieldNodes)
  if (atPlace !== undefined) return atPlace
  const name = `${what()} ${JSON.stringify(selectionOf(info))}`
  const loader = loaders.get(name) ?? new DataLoader<string, unknown>(makeLoad())
  loaders.set(name, loader)
  loaders.set(info.fieldNodes, loader)
  return loader
}
