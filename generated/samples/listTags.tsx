import { useTags } from '@tasklane/sdk/react';

export function ListTags() {
  const tags = useTags();
  return <ul>{tags?.map((tag) => <li key={tag.id}>{tag.name}</li>)}</ul>;
}
