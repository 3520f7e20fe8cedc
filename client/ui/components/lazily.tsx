import type { ComponentType } from 'preact';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** A view whose code is fetched when it is first shown: nobody in a call has to wait for charts. */
export function lazily<Props extends object>(
  fetchView: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  return function Lazy(props: Props) {
    const view = useSignal<ComponentType<Props>>();
    const failed = useSignal(false);
    useEffect(() => {
      fetchView().then(
        (fetched) => (view.value = fetched),
        () => (failed.value = true),
      );
    }, []);
    const View = view.value;
    if (View) return <View {...props} />;
    return failed.value ? <p role="alert">This page could not be loaded. Load it again.</p> : null;
  };
}
