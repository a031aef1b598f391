// Supergraphs, by one of two composers. Each subgraph is { name, url, sdl }.
import { composeServices as composeWithApollo } from '@apollo/composition';
import { composeServices as composeWithGuild } from '@theguild/federation-composition';
import { parse } from 'graphql';

export function compose(subgraphs, composer = 'guild') {
  const services = subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) }));
  const { supergraphSdl, errors } = (composer === 'apollo' ? composeWithApollo : composeWithGuild)(services);
  return { supergraph: supergraphSdl, errors: (errors ?? []).map(({ message, extensions }) => ({ message, ...extensions })) };
}
