using System.Reflection;
using MptTools.Engine;
using MptTools.Lab.Tests.Tunnel;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace MptTools.Lab.Tests.LabSelf;

public class OffloadModeTests
{
    [Theory]
    [InlineData(typeof(TransferTests), nameof(TransferTests.Packets_of_all_sizes_get_through), true)]
    [InlineData(typeof(TransferTests), nameof(TransferTests.TCP_through_two_paths_arrives_bit_by_bit_both_ways), true)]
    [InlineData(typeof(UplinkTests), nameof(UplinkTests.Two_uplinks_go_to_one_address_of_the_server), true)]
    [InlineData(typeof(OffloadTests), nameof(OffloadTests.One_end_uses_one_only_and_the_other_all_but_that_one), false)]
    [InlineData(typeof(OffloadTests), nameof(OffloadTests.A_path_that_refuses_runs_gets_its_packets_one_by_one), false)]
    [InlineData(typeof(EmulatedLinkTests), nameof(EmulatedLinkTests.A_silent_cut_drops_everything_and_keeps_the_carrier), false)]
    public void A_test_about_tunnels_is_two_test_cases(Type type, string method, bool isTwofold)
    {
        MethodInfo described = type.GetMethod(method)!;
        object[][] rows = [.. described.GetCustomAttributes<InlineDataAttribute>().SelectMany(data => data.GetData(described))];
        // How many threads there are makes no difference without offloads.
        int twofold = !isTwofold ? 0 : rows.Length == 0 ? 1 : rows.Count(row => row is not ["2" or "5"]);
        ITestMethod test = Describe(type, method);
        IAttributeInfo attribute = test.Method.GetCustomAttributes(typeof(FactAttribute)).Single();
        IXunitTestCaseDiscoverer discoverer = type.GetMethod(method)!.IsDefined(typeof(LabTheoryAttribute), inherit: false)
            ? new LabTheoryDiscoverer(new NullMessageSink())
            : new LabFactDiscoverer(new NullMessageSink());
        IXunitTestCase[] cases = [.. discoverer.Discover(new NoOptions(), test, attribute)];

        Assert.Equal(Math.Max(rows.Length, 1) + twofold, cases.Length);
        Assert.Equal(twofold, cases.Count(item => item.DisplayName.EndsWith(" without offloads", StringComparison.Ordinal)));
        Assert.Equal(cases.Length, cases.Select(item => item.UniqueID).Distinct().Count());
        Assert.Equal(
            cases.Select(item => (item.DisplayName, item.UniqueID)),
            cases.Select(SerializationHelper.Serialize).Select(SerializationHelper.Deserialize<IXunitTestCase>)
                .Select(item => (item.DisplayName, item.UniqueID)));
    }

    [Theory]
    [InlineData(Offloads.None)]
    [InlineData(Offloads.All)]
    public async Task A_test_case_tells_its_servers_what_not_to_use(Offloads disabled)
    {
        ITestMethod test = Describe(typeof(Recorder), nameof(Recorder.Record));
        using OffloadTestCase testCase = new(new NullMessageSink(), new NoOptions(), test, disabled);
        using MessageBus messages = new(new NullMessageSink());
        using CancellationTokenSource cancellation = new();
        Recorder.Recorded = null;

        RunSummary summary = await testCase.RunAsync(new NullMessageSink(), messages, [], new ExceptionAggregator(), cancellation);

        Assert.Equal((1, 0, 0), (summary.Total, summary.Failed, summary.Skipped));
        Assert.Equal(disabled, Recorder.Recorded);
        Assert.Equal(Offloads.None, OffloadMode.Disabled);
    }

    private static TestMethod Describe(Type type, string method)
    {
        TestAssembly assembly = new(Reflector.Wrap(type.Assembly));
        TestCollection collection = new(assembly, collectionDefinition: null, "mode");
        return new(new TestClass(collection, Reflector.Wrap(type)), Reflector.Wrap(type.GetMethod(method)!));
    }

    private sealed class NoOptions : ITestFrameworkDiscoveryOptions
    {
        public TValue GetValue<TValue>(string name) => default!;

        public void SetValue<TValue>(string name, TValue value)
        {
        }
    }

#pragma warning disable xUnit1000 // Not public, so that it is no test by itself.
    private sealed class Recorder
#pragma warning restore xUnit1000
    {
        internal static Offloads? Recorded { get; set; }

        [Fact]
        public void Record() => Recorded = OffloadMode.Disabled;
    }
}
