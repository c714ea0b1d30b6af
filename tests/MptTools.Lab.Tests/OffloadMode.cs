using MptTools.Engine;
using MptTools.Lab.Tests.Tunnel;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace MptTools.Lab.Tests;

/// <summary>
/// What servers of a test may use: every test about tunnels (those of the namespace <see cref="Tunnel"/>) is two test cases, one in
/// which the servers use all offloads that this kernel has, and one in which they use none.
/// </summary>
internal static class OffloadMode
{
    private static readonly AsyncLocal<Offloads> Ambient = new();

    /// <summary>What the servers of this test are told not to use.</summary>
    internal static Offloads Disabled => Ambient.Value;

    /// <summary>For the rest of the caller, and what it calls.</summary>
    internal static void Disable(Offloads offloads) => Ambient.Value = offloads;

    /// <summary>What a test's servers are told not to use, a test case for each.</summary>
    /// <param name="arguments">Of a theory. Where they tell the number of threads, those of one thread are enough without offloads.</param>
    internal static IEnumerable<Offloads> Of(ITestMethod method, IAttributeInfo attribute, params object[] arguments)
    {
        bool isTwofold = method.TestClass.Class.Name.StartsWith(typeof(TunnelLab).Namespace + ".", StringComparison.Ordinal)
            && !attribute.GetNamedArgument<bool>(nameof(LabFactAttribute.SetsOffloads))
            && !method.Method.GetParameters().Zip(arguments).Any(pair => pair.First.Name == "threads" && $"{pair.Second}" != "1");
        return isTwofold ? [Offloads.None, Offloads.All] : [Offloads.None];
    }
}

/// <summary>A test with servers that do not use some offloads.</summary>
internal sealed class OffloadTestCase : XunitTestCase
{
    private Offloads disabled;

    [Obsolete("For the deserialization alone.")]
    public OffloadTestCase()
    {
    }

    internal OffloadTestCase(
        IMessageSink diagnostics, ITestFrameworkDiscoveryOptions options, ITestMethod method, Offloads disabled, object[]? arguments = null)
        : base(diagnostics, options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault(), method, arguments) =>
        this.disabled = disabled;

    public override async Task<RunSummary> RunAsync(
        IMessageSink diagnosticMessageSink, IMessageBus messageBus, object[] constructorArguments, ExceptionAggregator aggregator,
        CancellationTokenSource cancellationTokenSource)
    {
        OffloadMode.Disable(disabled);
        return await base.RunAsync(diagnosticMessageSink, messageBus, constructorArguments, aggregator, cancellationTokenSource);
    }

    public override void Serialize(IXunitSerializationInfo data)
    {
        base.Serialize(data);
        data.AddValue(nameof(disabled), (int)disabled);
    }

    public override void Deserialize(IXunitSerializationInfo data)
    {
        // First, for the display name is made by the other.
        disabled = (Offloads)data.GetValue<int>(nameof(disabled));
        base.Deserialize(data);
    }

    protected override string GetUniqueID() => disabled == Offloads.None ? base.GetUniqueID() : $"{base.GetUniqueID()}-{disabled}";

    protected override void Initialize()
    {
        base.Initialize();
        if (disabled != Offloads.None)
        {
            DisplayName += " without offloads";
        }
    }
}

/// <summary>Makes the test cases of a <see cref="LabFactAttribute"/>.</summary>
internal sealed class LabFactDiscoverer(IMessageSink diagnostics) : FactDiscoverer(diagnostics)
{
    public override IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        OffloadMode.Of(testMethod, factAttribute)
            .Select(disabled => new OffloadTestCase(DiagnosticMessageSink, discoveryOptions, testMethod, disabled));
}

/// <summary>Makes the test cases of a <see cref="LabTheoryAttribute"/>.</summary>
internal sealed class LabTheoryDiscoverer(IMessageSink diagnostics) : TheoryDiscoverer(diagnostics)
{
    protected override IEnumerable<IXunitTestCase> CreateTestCasesForDataRow(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute, object[] dataRow) =>
        OffloadMode.Of(testMethod, theoryAttribute, dataRow)
            .Select(disabled => new OffloadTestCase(DiagnosticMessageSink, discoveryOptions, testMethod, disabled, dataRow));

    /// <summary>Of data that cannot be counted beforehand; then the two would be one.</summary>
    protected override IEnumerable<IXunitTestCase> CreateTestCasesForTheory(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute) =>
        [new ExecutionErrorTestCase(
            DiagnosticMessageSink, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod,
            "A theory of a lab has data that is known before it runs, such as that of [InlineData].")];
}
